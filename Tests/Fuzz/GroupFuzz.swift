// modules: Kernel Exposition Groups

import Exposition
import Groups
import Kernel

/// Pushes what stands between zero bytes: a byte that says how, a line with the path, the body, which
/// goes to the end when it is protobuf. Whatever was taken over must be a page that the strict parser
/// reads.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGroups(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    var limits = GroupLimits()
    limits.groups = 4
    limits.series = 200
    let ingestor = PushgatewayHandler(GroupStore(limits))
    push(unsafe Array(input), to: ingestor)
    for format in Format.allCases {
        var page = Page(format: format, body: Buffer(capacity: 256))
        page.merge([FamilySource(ingestor.store.families, hasUniqueSeries: true)])
        page.finish()
        if format != .text { continue }
        do throws(MetricSyntaxError) {
            let batch = try TextParser.parse(page.bytes)
            precondition(batch.samples.count == page.samples, "samples got lost")
        } catch {
            fatalError("our own page is refused: \(error)\n\(page.bytes.string)")
        }
    }
    return 0
}

private func push(_ bytes: [UInt8], to ingestor: PushgatewayHandler) {
    let text = bytes.span
    var start = 0
    for _ in 0..<8 {
        if start >= text.count { return }
        let rest = text.extracting(droppingFirst: start)
        let line = rest.offset(of: 0x0A) ?? rest.count
        let body = rest.extracting(droppingFirst: min(line + 1, rest.count))
        let isProtobuf = rest[0] & 8 != 0
        let length = isProtobuf ? body.count : body.offset(of: 0) ?? body.count
        send(
            rest[0], path: rest.extracting(min(1, line)..<line),
            body: body.extracting(first: length),
            isProtobuf: isProtobuf, to: ingestor)
        start += line + length + 2
    }
}

private func send(
    _ choice: UInt8, path: Span<UInt8>, body: Span<UInt8>, isProtobuf: Bool,
    to ingestor: PushgatewayHandler
) {
    let type = Array(
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            .utf8)
    let methods: [GroupMethod] = [.put, .post, .post, .delete]
    let prefixed = Array("/metrics/job/".utf8) + path.copied
    let answer = ingestor.answer(
        methods[Int(choice & 3)], path: choice & 16 != 0 ? path : prefixed.span,
        aggregate: choice & 3 == 2 ? ["sum"] : [], contentType: isProtobuf ? type.span : nil,
        body: body)
    precondition(answer.status >= 200 && answer.status < 500)
    precondition(!answer.sentence.utf8.contains(0x0A), "a sentence of two lines")
}
