internal import ArgumentParser
internal import Settings

/// What can be set about the system as a whole.
struct SystemOptions: ParsableArguments {
    func settings(_ errors: inout ValidationErrors) -> SystemSettings {
        SystemSettings()
    }
}

struct SystemSettings: Sendable {}
