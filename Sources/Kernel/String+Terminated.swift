extension String {
    /// The text that a C call has left in a buffer, up to the first NUL or the end of the buffer.
    /// Invalid UTF-8 becomes U+FFFD.
    package init(terminated text: [CChar]) {
        self = unsafe text.withUnsafeBytes { unsafe String(terminated: $0) }
    }

    package init(terminated bytes: UnsafeRawBufferPointer) {
        self = unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
