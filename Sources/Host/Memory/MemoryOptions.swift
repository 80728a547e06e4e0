internal import ArgumentParser
internal import Settings

/// What can be set about memory.
struct MemoryOptions: ParsableArguments {
    func settings(_ mistakes: inout Mistakes) -> MemorySettings {
        MemorySettings()
    }
}

struct MemorySettings: Sendable {}
