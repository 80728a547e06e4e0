import Kernel
import Testing

@testable import Host

struct ContainerTests {
    @Test(arguments: [
        "0::/docker/0a1b2c", "12:cpu,cpuacct:/kubepods.slice/kubepods-pod1.slice/crio-0a1b2c.scope",
        "0::/system.slice/docker-0a1b2c.scope", "0::/machine.slice/libpod-0a1b2c.scope",
        "4:memory:/kubepods/besteffort/pod1/0a1b2c", "1:name=systemd:/lxc/web",
    ])
    func `the first process of a container is in a group of its manager`(line: String) {
        #expect(isContainer(line))
    }

    @Test(arguments: [
        "0::/", "0::/init.scope", "1:name=systemd:/", "", "0:", "0::/dockerless", "x",
    ])
    func `the first process of a machine is not`(line: String) {
        #expect(!isContainer(line))
    }

    @Test func `a root of layers that a manager keeps is a container's`() {
        func isRoot(_ line: String) -> Bool {
            let bytes = Array(line.utf8)
            return Container.isContainerRoot(Cursor(bytes.span))
        }
        let docker = "/var/lib/docker/overlay2/l/AB:/var/lib/docker/overlay2/l/CD"
        #expect(isRoot("60 50 0:41 / / rw - overlay overlay rw,lowerdir=\(docker)"))
        #expect(!isRoot("60 50 0:41 / /mnt rw - overlay overlay rw,lowerdir=\(docker)"))
        #expect(!isRoot("60 50 0:41 / / rw - overlay overlay rw,lowerdir=/rofs"))
        #expect(!isRoot("29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw"))
        #expect(!isRoot(""))
    }

    @Test func `a machine's own files are no evidence`() {
        let roots = Trees.roots("debian12-2cpu")
        #expect(Container.evidence(root: roots.rootfs, proc: roots.proc) == nil)
    }

    private func isContainer(_ line: String) -> Bool {
        let bytes = Array(line.utf8)
        return Container.isContainerGroup(Cursor(bytes.span))
    }
}
