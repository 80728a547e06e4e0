internal import ArgumentParser
internal import Settings

/// What can be set about sensors, power and firmware.
struct HardwareOptions: ParsableArguments {
    func settings(_ mistakes: inout Mistakes) -> HardwareSettings {
        HardwareSettings()
    }
}

struct HardwareSettings: Sendable {}
