// modules: HTTP

import Kernel

// Feeds every parser of the HTTP server that does not need libmicrohttpd.
@testable import HTTP

/// The first byte chooses the parser, the rest is what it reads. A `precondition` below is a
/// property that no input may break.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start = unsafe start, count > 0 else { return 0 }
    let input = unsafe Span<UInt8>(_unsafeStart: start, count: count)
    let text = input.extracting(droppingFirst: 1)
    switch input[0] % 5 {
    case 0: fuzzTarget(text)
    case 1: fuzzGate(text)
    case 2: _ = AcceptEncoding.acceptsGzip(text)
    case 3: fuzzListenAddress(text)
    default:
        for value in Query.values(of: "collect[]", in: text) {
            precondition(value.utf8.count <= 3 * text.count)
        }
    }
    return 0
}

private func fuzzTarget(_ text: Span<UInt8>) {
    var authority = Buffer(capacity: 16)
    var path = Buffer(capacity: 16)
    var query = Buffer(capacity: 16)
    var rawPath = Buffer(capacity: 16)
    let form = Target.parse(
        text, authority: &authority, path: &path, rawPath: &rawPath, query: &query)
    precondition(authority.count <= text.count)
    if form == .malformed { return }
    let decoded = path.bytes
    precondition(decoded.count <= max(text.count, 1) && query.count <= text.count)
    precondition(rawPath.count >= decoded.count && rawPath.count <= max(text.count, 1))
    if form == .ambiguous { return }
    precondition(decoded[0] == UInt8(ascii: "/") || decoded.equals("*"))
    for index in decoded.indices { precondition(decoded[index] >= 0x20) }
    var position = 0
    while position < decoded.count {
        precondition(!decoded.piece(from: &position, upTo: UInt8(ascii: "/")).equals(".."))
    }
}

/// A line feed ends a header, a colon its name; the first line is the method, the second the
/// version.
private func fuzzGate(_ text: Span<UInt8>) {
    var position = 0
    let method = text.piece(from: &position, upTo: 0x0A)
    let version = position < text.count ? text.piece(from: &position, upTo: 0x0A) : method
    var validator = RequestHeadValidator()
    var framings = 0
    while position < text.count {
        let line = text.piece(from: &position, upTo: 0x0A)
        var colon = 0
        let name = line.piece(from: &colon, upTo: UInt8(ascii: ":"))
        validator.add(name, value: line.extracting(droppingFirst: min(colon, line.count)))
        if name.equalsIgnoringCase("content-length") { framings += 1 }
        if name.equalsIgnoringCase("transfer-encoding") { framings += 1 }
    }
    if case .proceed(let framing, _) = validator.outcome(method: method, version: version) {
        precondition(framings <= 1 && HTTPGrammar.isToken(method))
        precondition(framing == .empty || framings == 1)
    }
}

private func fuzzListenAddress(_ text: Span<UInt8>) {
    do throws(ListenAddressError) {
        let address = try ListenAddress.parse(text)
        // What was read once is read again.
        precondition((try? ListenAddress.parse(address.description)) == address)
    } catch {
        // By bytes: a combining character of the input would join the quotation mark.
        precondition(error.description.utf8.starts(with: "listen address \"".utf8))
    }
}
