internal import Kernel

/// Reads the lines of a file, LF or CRLF, without their ends.
struct LineReader: ~Copyable {
    /// Bytes of a line.
    static let limit = 16 << 20
    private static let blockSize = 1 << 20

    private let input: InputFile
    private var text = Buffer(capacity: LineReader.blockSize)
    private var start = 0
    private var isAtEnd = false
    private var range = 0..<0
    /// The line's number, from 1.
    private(set) var number = 0

    init(_ input: InputFile) {
        self.input = input
    }

    /// The line that `readLine` has read.
    var line: Span<UInt8> {
        @_lifetime(borrow self)
        get { text.bytes.extracting(range) }
    }

    /// Returns false at the end of the file.
    mutating func readLine() throws(InputError) -> Bool {
        number += 1
        var searched = 0
        while true {
            let count = text.count - start
            if let found = text.bytes.extracting(start + searched..<text.count).offset(of: 0x0A) {
                take(searched + found)
                start += 1
                return true
            }
            searched = count
            if isAtEnd {
                if searched == 0 { return false }
                take(searched)
                return true
            }
            if searched > LineReader.limit {
                throw .text(
                    TextError(
                        file: input.name, line: number, column: 1,
                        sentence: "the line is larger than \(LineReader.limit) bytes"))
            }
            try fill()
        }
    }

    private mutating func take(_ length: Int) {
        var end = start + length
        if end > start, text.bytes[end - 1] == 0x0D { end -= 1 }
        range = start..<end
        start += length
    }

    private mutating func fill() throws(InputError) {
        var kept = Buffer(capacity: max(LineReader.blockSize, 2 * (text.count - start)))
        kept.append(text.bytes.extracting(start..<text.count))
        text = kept
        start = 0
        let input = self.input
        let before = text.count
        unsafe try text.append(upTo: text.capacity - text.count) { (target) throws(InputError) in
            unsafe try input.read(
                into: UnsafeMutableRawBufferPointer(
                    start: target, count: max(LineReader.blockSize / 2, 1)))
        }
        isAtEnd = text.count == before
    }
}
