extension String {
    /// The text in a buffer of C up to the first NUL or its end. Invalid UTF-8 becomes U+FFFD.
    package init(terminated text: [CChar]) {
        self = unsafe text.withUnsafeBytes { unsafe String(terminated: $0) }
    }

    package init(terminated bytes: UnsafeRawBufferPointer) {
        self = unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
