internal import Kernel

/// What is wrong in a text, and the byte where it was found.
package struct OffsetError: Error, Equatable {
    package var offset: Int
    package var sentence: String

    package init(offset: Int, sentence: String) {
        self.offset = offset
        self.sentence = sentence
    }
}

/// What is wrong in a file, with line and column.
package struct TextError: Error, Equatable, CustomStringConvertible {
    /// The file's name as it was given; "-" is standard input.
    package var file: String
    /// From 1.
    package var line: Int
    /// Bytes from the start of the line, from 1.
    package var column: Int
    package var sentence: String

    package init(file: String, line: Int, column: Int, sentence: String) {
        self.file = file
        self.line = line
        self.column = column
        self.sentence = sentence
    }

    /// Finds line and column of an offset.
    package init(_ error: OffsetError, in text: Span<UInt8>, file: String) {
        var line = 1
        var start = 0
        for index in 0..<min(error.offset, text.count) where text[index] == 0x0A {
            line += 1
            start = index + 1
        }
        self.init(
            file: file, line: line, column: error.offset - start + 1, sentence: error.sentence)
    }

    /// As compilers write it, so that editors find the place.
    package var description: String { "\(file):\(line):\(column): \(sentence)" }
}

/// Foreign text in messages.
package enum Quoted {
    /// In quotes, control characters escaped, cut after 60 characters.
    package static func text(_ text: String) -> String {
        var shown = text.prefix(60).unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F || scalar == "\"" || scalar == "\\"
                ? scalar.escaped(asASCII: true) : String(scalar)
        }.joined()
        if text.count > 60 { shown += "..." }
        return "\"\(shown)\""
    }
}
