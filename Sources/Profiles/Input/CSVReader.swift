internal import CText
internal import Glibc
internal import Kernel

/// Reads CSV (RFC 4180, UTF-8) record by record, with the position of each record for errors.
///
/// Lines end with LF or CRLF. A byte order mark is skipped. An empty line at the end of
/// the file is not a record.
@safe
package struct CSVReader: ~Copyable {
    /// Bytes of a record.
    static let recordLimit = 16 << 20
    private static let blockSize = 1 << 20
    /// Bytes behind the text that may be read.
    private static let padding = 8

    /// The position of a field; the content of one with doubled quotes is in `unescaped`.
    private struct Field {
        /// From the start of the record, or in `unescaped`.
        var start: Int32
        var count: Int32
        /// Byte of the record where the field begins, with its quote.
        var place: Int32
        var isUnescaped: Bool
    }

    private enum Step {
        case record, end, more
    }

    private let input: InputFile
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity = CSVReader.blockSize
    /// The record's first byte, the byte behind it, and the bytes that are there.
    private var start = 0
    private var next = 0
    private var filled = 0
    private var isAtEnd = false
    private var fields: [Field] = []
    private var unescaped = Buffer(capacity: 256)
    /// Columns of the header; nil before it was read.
    private var columnCount: Int?
    /// The line of the record's start, from 1.
    package private(set) var line = 1
    private var lineCount = 0
    private var blankLine: Int?

    package init(_ input: InputFile) {
        self.input = input
        unsafe memory = .allocate(capacity: CSVReader.blockSize + CSVReader.padding)
        unsafe memory.initialize(repeating: 0, count: CSVReader.blockSize + CSVReader.padding)
    }

    deinit {
        unsafe memory.deallocate()
    }

    package var fieldCount: Int { fields.count }

    /// The content of a field of the record that `readRecord` has read.
    @inline(__always)
    @_lifetime(borrow self)
    package func field(_ index: Int) -> Span<UInt8> {
        let field = fields[index]
        let range = Int(field.start)..<Int(field.start) + Int(field.count)
        if field.isUnescaped { return unescaped.bytes.extracting(range) }
        let span = unsafe Span<UInt8>(
            _unsafeStart: UnsafePointer(memory + start + range.lowerBound), count: range.count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Reads the next record; the first is the header. Returns false at the end of the file.
    package mutating func readRecord() throws(InputError) -> Bool {
        line += lineCount
        lineCount = 0
        start = next
        if filled == 0, !isAtEnd { try skipMark() }
        while true {
            switch try scan() {
            case .end:
                next = start
                return false
            case .more: try fill()
            case .record:
                if let columnCount, columnCount > 1, fields.count == 1, fields[0].count == 0,
                    memoryIsBlank
                {
                    if blankLine == nil { blankLine = line }
                    line += lineCount
                    lineCount = 0
                    start = next
                    continue
                }
                if let blankLine {
                    throw .text(
                        TextError(
                            file: input.name, line: blankLine, column: 1,
                            sentence: "an empty line between records"))
                }
                if columnCount == nil { columnCount = fields.count }
                if fields.count != columnCount { throw wrongCount() }
                return true
            }
        }
    }

    /// Whether the record is nothing but its line end: a quoted empty field is a value.
    private var memoryIsBlank: Bool {
        unsafe memory[start] == 0x0A || memory[start] == 0x0D
    }

    private func wrongCount() -> InputError {
        let expected = columnCount ?? 0
        let found = "\(fields.count) field\(fields.count == 1 ? "" : "s")"
        return error(
            at: fields.count > expected
                ? Int(fields[expected].place) : next - start - 1,
            sentence: "\(found) in this record, the header has \(expected)")
    }

    // MARK: Scanning

    /// Finds the fields of the record at `start`, as far as its bytes are there.
    private mutating func scan() throws(InputError) -> Step {
        fields.removeAll(keepingCapacity: true)
        unescaped.removeAll()
        lineCount = 0
        if start == filled { return isAtEnd ? .end : .more }
        var at = start
        var seen: UInt64 = 0
        while true {
            let first = at
            if unsafe at < filled && memory[at] == 0x22 {
                guard let end = try quoted(&at, seen: &seen) else { return .more }
                fields.append(end)
            } else {
                while true {
                    // Eight bytes at a time up to one below '-': separators are, digits are not.
                    let word = unsafe UnsafeRawPointer(memory + at).loadUnaligned(as: UInt64.self)
                    seen |= word
                    let low = (word &- 0x2D2D_2D2D_2D2D_2D2D) & ~word & 0x8080_8080_8080_8080
                    if low == 0 {
                        at &+= 8
                        if at < filled { continue }
                    } else {
                        at &+= low.trailingZeroBitCount >> 3
                    }
                    if at >= filled {
                        if !isAtEnd { return .more }
                        at = filled
                        break
                    }
                    let byte = unsafe memory[at]
                    if byte == 0x2C || byte == 0x0A || byte == 0x0D { break }
                    if byte == 0x22 {
                        throw error(
                            at: at - start,
                            sentence: "a quote inside a field that does not start with one")
                    }
                    if byte == 0 { throw error(at: at - start, sentence: "a NUL byte") }
                    at &+= 1
                }
                fields.append(
                    Field(
                        start: Int32(truncatingIfNeeded: first &- start),
                        count: Int32(truncatingIfNeeded: at &- first),
                        place: Int32(truncatingIfNeeded: first &- start), isUnescaped: false))
            }
            if at == filled { return try finish(at: at, next: at, seen: seen) }
            let byte = unsafe memory[at]
            if byte == 0x2C {
                at &+= 1
                if at == filled, !isAtEnd { return .more }
                continue
            }
            if byte == 0x0A { return try finish(at: at, next: at + 1, seen: seen) }
            if at + 1 == filled, !isAtEnd { return .more }
            if unsafe at + 1 < filled && memory[at + 1] == 0x0A {
                return try finish(at: at, next: at + 2, seen: seen)
            }
            throw error(at: at - start, sentence: "a carriage return without a line feed")
        }
    }

    /// Reads a quoted field; nil if its end is not there yet. `at` moves behind its closing quote.
    private mutating func quoted(
        _ at: inout Int, seen: inout UInt64
    ) throws(InputError) -> Field? {
        let place = at - start
        let content = at + 1
        var hasQuotes = false
        at = content
        while true {
            guard at < filled, let found = unsafe memchr(memory + at, 0x22, filled - at) else {
                if !isAtEnd { return nil }
                throw error(at: place, sentence: "the quoted field that starts here does not end")
            }
            at = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(memory)
            if at + 1 == filled, !isAtEnd { return nil }
            guard unsafe at + 1 < filled && memory[at + 1] == 0x22 else { break }
            hasQuotes = true
            at += 2
        }
        let count = at - content
        for index in content..<at {
            let byte = unsafe memory[index]
            seen |= UInt64(byte)
            if byte == 0x0A { lineCount += 1 }
            if byte == 0 { throw error(at: index - start, sentence: "a NUL byte") }
        }
        at += 1
        if at < filled {
            let byte = unsafe memory[at]
            if byte != 0x2C, byte != 0x0A, byte != 0x0D {
                throw error(
                    at: at - start,
                    sentence: "expected a comma or the end of the line after a quoted field")
            }
        }
        if !hasQuotes {
            return Field(
                start: Int32(content - start), count: Int32(count), place: Int32(place),
                isUnescaped: false)
        }
        let first = unescaped.count
        var index = content
        while index < content + count {
            let byte = unsafe memory[index]
            unescaped.append(byte)
            index += byte == 0x22 ? 2 : 1
        }
        return Field(
            start: Int32(first), count: Int32(unescaped.count - first), place: Int32(place),
            isUnescaped: true)
    }

    private mutating func finish(
        at end: Int, next behind: Int, seen: UInt64
    ) throws(InputError) -> Step {
        if seen & 0x8080_8080_8080_8080 != 0 {
            let valid = unsafe ctext_utf8_prefix(memory + start, end - start)
            if valid < end - start { throw error(at: valid, sentence: "invalid UTF-8") }
        }
        lineCount += 1
        next = behind
        return .record
    }

    // MARK: Bytes

    private mutating func skipMark() throws(InputError) {
        while filled < 3, !isAtEnd { try fill() }
        let mark = unsafe (memory[0], memory[1], memory[2])
        if filled >= 3, mark == (0xEF, 0xBB, 0xBF) {
            start = 3
            next = 3
        }
        if filled >= 2, (mark.0 == 0xFF && mark.1 == 0xFE) || (mark.0 == 0xFE && mark.1 == 0xFF) {
            throw error(at: 0, sentence: "the file is UTF-16, UTF-8 is expected")
        }
    }

    /// Moves the record to the front and reads more behind it.
    private mutating func fill() throws(InputError) {
        let kept = filled - start
        if kept > CSVReader.recordLimit {
            throw error(at: 0, sentence: "the record is larger than \(CSVReader.recordLimit) bytes")
        }
        if start > 0 {
            unsafe memory.update(from: memory + start, count: kept)
            start = 0
            filled = kept
        }
        if kept == capacity {
            let larger = UnsafeMutablePointer<UInt8>.allocate(
                capacity: capacity * 2 + CSVReader.padding)
            unsafe larger.initialize(repeating: 0, count: capacity * 2 + CSVReader.padding)
            unsafe larger.update(from: memory, count: kept)
            unsafe memory.deallocate()
            unsafe memory = larger
            capacity *= 2
        }
        let got = unsafe try input.read(
            into: UnsafeMutableRawBufferPointer(start: memory + filled, count: capacity - filled))
        filled += got
        unsafe (memory + filled).update(repeating: 0, count: CSVReader.padding)
        isAtEnd = got == 0
    }

    /// An error at a byte of the record.
    private func error(at place: Int, sentence: String) -> InputError {
        var line = line
        var column = place + 1
        for index in 0..<min(place, filled - start) where unsafe memory[start + index] == 0x0A {
            line += 1
            column = place - index
        }
        return .text(TextError(file: input.name, line: line, column: column, sentence: sentence))
    }

    /// An error at the start of a field of the record.
    package func error(field index: Int, sentence: String) -> InputError {
        error(at: Int(fields[index].place), sentence: sentence)
    }
}
