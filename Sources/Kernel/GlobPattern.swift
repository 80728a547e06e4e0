internal import Glibc

/// A path with the wildcards of glob(7) in its names.
package struct GlobPattern: Sendable, Equatable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// What is there, in the order of names; the text itself when nothing is. Names that begin with
    /// a dot are met only by a dot.
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
