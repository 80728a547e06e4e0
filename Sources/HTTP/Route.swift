internal import Kernel

/// What one path, or all paths with a prefix, answer to some methods.
package struct Route: Sendable {
    /// Who answers.
    package enum Handler: Sendable {
        /// Answers at once, on a thread that many connections share: it must not wait.
        case answer(@Sendable (borrowing Request) -> Response)
        /// Always the same answer, made once.
        case constant(Constant)
        /// Answers later, from any thread.
        case suspend(@Sendable (borrowing Request, consuming PendingResponse) -> Void)
    }

    /// A response that a route gives to everybody.
    package final class Constant: Sendable {
        package let response: Response

        package init(_ response: consuming Response) {
            self.response = response
        }
    }

    package let methods: Set<Method>
    /// The path or its prefix, compared byte by byte with the decoded path of a request.
    package let path: String
    /// Whether all paths that begin with `path` are meant. Such a route also gets paths with
    /// encoded slashes or `..` in them: it has `Request.rawPath` to tell what was meant.
    package let isPrefix: Bool
    package let handler: Handler

    /// A route for GET also answers HEAD, with the same headers and no body.
    package init(_ path: String, methods: Set<Method> = [.get], handler: Handler) {
        self.init(path, isPrefix: false, methods: methods, handler: handler)
    }

    private init(_ path: String, isPrefix: Bool, methods: Set<Method>, handler: Handler) {
        precondition(path.utf8.first == UInt8(ascii: "/") && !methods.isEmpty)
        self.path = path
        self.isPrefix = isPrefix
        self.methods = methods.contains(.get) ? methods.union([.head]) : methods
        self.handler = handler
    }

    package init(
        _ path: String, methods: Set<Method> = [.get],
        answer: @escaping @Sendable (borrowing Request) -> Response
    ) {
        self.init(path, methods: methods, handler: .answer(answer))
    }

    package init(_ path: String, methods: Set<Method> = [.get], constant: consuming Response) {
        self.init(path, methods: methods, handler: .constant(Constant(constant)))
    }

    package init(
        _ path: String, methods: Set<Method> = [.get],
        suspend: @escaping @Sendable (borrowing Request, consuming PendingResponse) -> Void
    ) {
        self.init(path, methods: methods, handler: .suspend(suspend))
    }

    /// A route for all paths that begin with `prefix` and have no route of their own; of several
    /// prefixes the longest counts.
    package init(
        prefix: String, methods: Set<Method> = Set(Method.allCases),
        answer: @escaping @Sendable (borrowing Request) -> Response
    ) {
        self.init(prefix, isPrefix: true, methods: methods, handler: .answer(answer))
    }

    package init(
        prefix: String, methods: Set<Method> = Set(Method.allCases),
        suspend: @escaping @Sendable (borrowing Request, consuming PendingResponse) -> Void
    ) {
        self.init(prefix, isPrefix: true, methods: methods, handler: .suspend(suspend))
    }
}

/// All routes of a server by path.
struct Router: Sendable {
    /// What a path and a method lead to.
    enum Match: Sendable {
        case route(Route.Handler, Method)
        /// The path is there, the method is not: the index of the path's 405 answer.
        case wrongMethod(Int)
        case nothing
    }

    private struct Place: Sendable {
        let path: [UInt8]
        let isPrefix: Bool
        var routes: [Route]
    }

    private var slots: [Place] = []

    init(_ routes: [Route]) {
        for route in routes {
            let path = Array(route.path.utf8)
            if let index = slots.firstIndex(where: {
                $0.path == path && $0.isPrefix == route.isPrefix
            }) {
                let taken = slots[index].routes.contains {
                    !$0.methods.isDisjoint(with: route.methods)
                }
                precondition(!taken, "two routes for one method of \(route.path)")
                slots[index].routes.append(route)
            } else {
                slots.append(Place(path: path, isPrefix: route.isPrefix, routes: [route]))
            }
        }
        // What is found first counts: whole paths, then the longest prefix.
        slots.sort { one, other in
            one.isPrefix == other.isPrefix
                ? one.path.count > other.path.count : !one.isPrefix
        }
    }

    /// The value of the Allow header of each path, in the order of `Match.wrongMethod`.
    var allowed: [String] {
        slots.map { place in
            let methods = place.routes.reduce(into: Set<Method>()) { $0.formUnion($1.methods) }
            return methods.map(\.rawValue).sorted().joined(separator: ", ")
        }
    }

    /// `isAmbiguous` is of a path that only prefixes may answer.
    func match(_ path: Span<UInt8>, isAmbiguous: Bool, method: Method?) -> Match {
        for (index, place) in slots.enumerated() {
            let known = place.path
            let isMeant =
                place.isPrefix
                ? path.count >= known.count && path.extracting(first: known.count).equals(known)
                : !isAmbiguous && path.equals(known)
            if !isMeant { continue }
            if let method {
                for route in place.routes where route.methods.contains(method) {
                    return .route(route.handler, method)
                }
            }
            return .wrongMethod(index)
        }
        return .nothing
    }
}
