internal import Kernel

/// One line of mountinfo (proc_pid_mountinfo(5)).
struct Mount: ~Escapable {
    /// Identify the mount and the mount it is attached to, until one of them is unmounted.
    let identifier: UInt64
    let parent: UInt64
    let major: UInt64
    let minor: UInt64
    /// Still escaped: `\040` for a blank.
    let point: Span<UInt8>
    let options: Span<UInt8>
    let type: Span<UInt8>
    let source: Span<UInt8>
    let superOptions: Span<UInt8>

    /// `36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
    @_lifetime(copy line)
    init?(_ line: Cursor) {
        var line = line
        guard let identifier = line.field(), let parent = line.field(),
            let major = line.number(), line.take(":"), let minor = line.field(), line.take(" ")
        else { return nil }
        // The kernel writes one blank between two fields and escapes blanks inside them. A field can
        // be empty (`mount -t tmpfs "" /x` has no source), so that two blanks are not one separator.
        guard line.text(before: 0x20) != nil, let point = line.text(before: 0x20), !point.isEmpty,
            let options = line.text(before: 0x20)
        else { return nil }
        // Any number of optional fields, ended by a single hyphen.
        while true {
            guard let word = line.text(before: 0x20) else { return nil }
            if word.equals("-") { break }
        }
        guard let type = line.text(before: 0x20), !type.isEmpty else { return nil }
        let source = line.part(endedBy: 0x20)
        self.identifier = identifier
        self.parent = parent
        self.major = major
        self.minor = minor
        self.point = point
        self.options = options
        self.type = type
        self.source = source
        superOptions = line.rest
    }

    /// The mount's own options or those of its superblock forbid writing, or an error made them.
    var isReadOnly: Bool {
        Mount.lists(options, option: "ro") || Mount.lists(superOptions, option: "ro")
            || Mount.lists(superOptions, option: "emergency_ro")
    }

    private static func lists(_ options: Span<UInt8>, option: StaticString) -> Bool {
        var rest = Cursor(options)
        while !rest.isAtEnd {
            if rest.part(endedBy: 0x2C).equals(option) { return true }
        }
        return false
    }

    /// Replaces the kernel's escapes, a backslash and three octal digits, by their bytes.
    static func unescape(_ text: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == 0x5C, index + 3 < text.count, let byte = octal(text, start: index + 1)
            {
                bytes.append(byte)
                index += 4
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return bytes
    }

    private static func octal(_ text: Span<UInt8>, start: Int) -> UInt8? {
        var value = 0
        for index in start..<start + 3 {
            guard text[index] >= 0x30, text[index] <= 0x37 else { return nil }
            value = value * 8 + Int(text[index] - 0x30)
        }
        return UInt8(exactly: value)
    }
}
