// modules: Kernel

import Kernel

/// Reads any text with every step of the cursor: the first byte of a pair picks the step, the
/// text is what follows. Nothing may trap, and no step may make the rest longer.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCursor(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let steps = min(count / 4, 64)
    let script = unsafe Span(_unsafeElements: input.extracting(0..<steps))
    let text = unsafe Span(_unsafeElements: input.extracting(steps..<count))
    var cursor = Cursor(text)
    for index in 0..<steps {
        let before = cursor.rest.count
        step(script[index], cursor: &cursor)
        precondition(cursor.rest.count <= before, "a step gave text back")
    }
    lines(of: text)
    return 0
}

private func step(_ choice: UInt8, cursor: inout Cursor) {
    switch choice % 9 {
    case 0:
        _ = cursor.peek
        cursor.skipBlanks()
    case 1:
        if let word = cursor.word() { precondition(!word.isEmpty) }
    case 2:
        _ = cursor.text(before: choice)
    case 3: _ = cursor.take("cpu")
    case 4: _ = cursor.number()
    case 5: _ = cursor.field()
    case 6: _ = cursor.hexadecimal()
    case 7: _ = cursor.decimal()
    default:
        if let line = cursor.line() { precondition(line.rest.offset(of: 0x0A) == nil) }
    }
}

/// The lines of a text and their line feeds are the text.
private func lines(of text: Span<UInt8>) {
    var cursor = Cursor(text)
    var bytes = 0
    var lines = 0
    while let line = cursor.line() {
        bytes += line.rest.count
        lines += 1
    }
    precondition(cursor.isAtEnd)
    precondition(bytes + lines == text.count || bytes + lines == text.count + 1)
}
