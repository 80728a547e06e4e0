internal import Kernel

/// The handler of one path, or of all paths with a prefix, for some methods.
package struct Route: Sendable {
    /// How the request is answered.
    package enum Handler: Sendable {
        /// Answers at once, on a thread that many connections share: it must not block.
        case answer(@Sendable (borrowing Request) -> Response)
        /// Always the same response, built once.
        case constant(Constant)
        /// Answers later, from any thread.
        case suspend(@Sendable (borrowing Request, consuming PendingResponse) -> Void)
    }

    /// The response of a route that always gives the same.
    package final class Constant: Sendable {
        package let response: Response

        package init(_ response: consuming Response) {
            self.response = response
        }
    }

    package let methods: Set<Method>
    /// The path or its prefix, compared byte by byte with the decoded path of a request.
    package let path: String
    /// Whether the route matches all paths that begin with `path`, including those with encoded
    /// slashes or `..`; its handler reads `Request.rawPath`.
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
    /// prefixes the longest one is used.
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
    /// The result of looking up a path and a method.
    enum Match: Sendable {
        case route(Route.Handler, Method)
        /// The path exists, the method does not: index of the path's 405 response.
        case wrongMethod(Int)
        case nothing
    }

    private struct Entry: Sendable {
        let path: [UInt8]
        let isPrefix: Bool
        var routes: [Route]
    }

    private var slots: [Entry] = []

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
                slots.append(Entry(path: path, isPrefix: route.isPrefix, routes: [route]))
            }
        }
        // The first match is used: whole paths, then the longest prefix.
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

    /// An `isAmbiguous` path matches only prefixes (`Target.Form.ambiguous`).
    func match(_ path: Span<UInt8>, isAmbiguous: Bool, method: Method?) -> Match {
        for (index, place) in slots.enumerated() {
            let known = place.path
            let matches =
                place.isPrefix
                ? path.count >= known.count && path.extracting(first: known.count).equals(known)
                : !isAmbiguous && path.equals(known)
            if !matches { continue }
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
