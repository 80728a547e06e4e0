internal import Kernel
internal import Profiles
internal import Settings
internal import Watch

/// The profiles that the settings file names.
enum ProfileFiles {
    /// Reads the files. Adds every error.
    static func read(
        _ files: [FileSettings.NamedFile], limit: Int, errors: inout ValidationErrors
    ) -> [Layout] {
        if files.count > limit {
            errors.add("profiles: more than \(limit) files (limits.profiles).")
            return []
        }
        var layouts: [Layout] = []
        for file in files {
            guard let profile = read(file, errors: &errors) else { continue }
            let isGiven = layouts.contains {
                $0.profile.model == profile.model
                    && $0.profile.modelVersion == profile.modelVersion
            }
            if isGiven {
                errors.add(
                    "\(file.place): \(file.path) is a second profile of model \(Quoted.text(profile.model)), version \(Quoted.text(profile.modelVersion))."
                )
            } else {
                layouts.append(Layout(profile))
            }
        }
        return layouts
    }

    private static func read(
        _ named: FileSettings.NamedFile, errors: inout ValidationErrors
    ) -> Profile? {
        var file = KernelFile(path: named.path, limit: ProfileLimits.profileBytes + 1)
        var text = Buffer(capacity: 64 << 10)
        do throws(KernelError) {
            try file.read(into: &text)
        } catch {
            errors.add("\(named.place): \(error).")
            return nil
        }
        let bytes = text.bytes
        do throws(TextError) {
            return try Profile(bytes, file: named.path)
        } catch {
            errors.add("\(error).")
            return nil
        }
    }
}
