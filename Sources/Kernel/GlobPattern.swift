internal import Glibc

/// A path with the wildcards of glob(7).
package struct GlobPattern: Sendable, Equatable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The matching paths, sorted; the text itself if none matches. A wildcard does not match a leading
    /// dot.
    package var paths: [String] {
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(text, 0, nil, &found) == 0 else { return [text] }
        var paths: [String] = []
        for index in 0..<Int(unsafe found.gl_pathc) {
            if let path = unsafe found.gl_pathv[index] {
                unsafe paths.append(String(cString: path))
            }
        }
        return paths
    }
}
