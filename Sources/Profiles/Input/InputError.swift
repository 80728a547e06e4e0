package import Kernel

/// Why an input could not be read.
package enum InputError: Error, CustomStringConvertible {
    /// Its text is wrong.
    case text(TextError)
    /// The operating system failed.
    case system(KernelError)
    /// The input as a whole, or the flags, do not fit.
    case content(String)

    package var description: String {
        switch self {
        case .text(let error): error.description
        case .system(let error): error.description
        case .content(let sentence): sentence
        }
    }
}

/// Why a column rejects a value, without the position, which the reader of the file adds.
package struct ValueError: Error {
    package var sentence: String

    package init(_ sentence: String) {
        self.sentence = sentence
    }
}
