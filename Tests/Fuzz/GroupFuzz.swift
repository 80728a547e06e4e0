// rooms: Kernel Exposition Groups

import Exposition
import Groups
import Kernel

/// Pushes what stands between zero bytes: a byte that says how, a line with the path, the body, which
/// goes to the end when it is protobuf. Whatever was taken over must be a page that the strict parser
/// reads.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGroups(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let text = unsafe Span(_unsafeElements: input)
    var limits = GroupLimits()
    limits.groups = 4
    limits.series = 200
    let door = GroupDoor(GroupStore(limits))
    var requests = Cursor(text)
    var sent = 0
    while !requests.isAtEnd {
        send(&requests, to: door)
        sent += 1
        if sent > 8 { break }
    }
    for format in Format.allCases {
        var page = Page(format: format, body: Buffer(capacity: 256))
        page.invite(door.store.families())
        page.finish()
        if format == .openMetrics {
            precondition(page.bytes.count >= 6)
            continue
        }
        do throws(MetricSyntaxError) {
            let batch = try TextParser.parse(page.bytes)
            precondition(batch.samples.count == page.samples, "samples got lost")
        } catch {
            fatalError("our own page is refused: \(error)\n\(page.bytes.string)")
        }
    }
    return 0
}

private func send(_ requests: inout Cursor, to door: GroupDoor) {
    let line = Cursor(requests.part(endedBy: 0x0A))
    let choice = line.rest.isEmpty ? 0 : line.rest[0]
    let path = line.rest.extracting(droppingFirst: min(1, line.rest.count))
    let isProtobuf = choice & 8 != 0
    let body = isProtobuf ? requests.rest : requests.part(endedBy: 0)
    if isProtobuf { requests = Cursor(requests.rest.extracting(first: 0)) }
    let type = Array(
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            .utf8)
    let methods: [GroupMethod] = [.put, .post, .post, .delete]
    let prefixed = Array("/metrics/job/".utf8) + path.copied
    let answer = door.answer(
        methods[Int(choice & 3)], path: choice & 16 != 0 ? path : prefixed.span,
        aggregate: choice & 3 == 2 ? ["sum"] : [], contentType: isProtobuf ? type.span : nil,
        body: body)
    precondition(answer.status >= 200 && answer.status < 500)
    precondition(!answer.sentence.utf8.contains(0x0A), "a sentence of two lines")
}
