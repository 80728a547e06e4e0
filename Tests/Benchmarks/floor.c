// The floor of a scrape: what the kernel and the compressor alone cost.
//
//   floor ITERATIONS PAGE FILE... -- MOUNTPOINT...
//
// Each iteration reads every FILE from its start through a descriptor that stays open, asks
// statfs for every MOUNTPOINT, uname and one dump of the network links, and compresses PAGE with
// libdeflate at level 1 as gzip. No text is parsed, nothing is rendered, no HTTP is spoken.
// Prints the CPU microseconds per iteration: user, system, together.
#include <fcntl.h>
#include <libdeflate.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { most = 256, buffer_bytes = 1 << 20 };

static char buffer[buffer_bytes];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static size_t read_whole(int descriptor) {
    size_t offset = 0;
    for (;;) {
        ssize_t count = pread(descriptor, buffer, sizeof buffer, (off_t)offset);
        if (count < 0) fail("pread");
        if (count == 0) return offset;
        offset += (size_t)count;
    }
}

static void dump_links(int netlink) {
    struct {
        struct nlmsghdr header;
        struct ifinfomsg body;
    } request = {
        .header = {
            .nlmsg_len = sizeof request,
            .nlmsg_type = RTM_GETLINK,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        },
    };
    if (send(netlink, &request, sizeof request, 0) < 0) fail("netlink send");
    for (;;) {
        ssize_t count = recv(netlink, buffer, sizeof buffer, 0);
        if (count < 0) fail("netlink recv");
        int left = (int)count;
        for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_DONE) return;
            if (message->nlmsg_type == NLMSG_ERROR) exit(1);
        }
    }
}

static double microseconds(struct timeval time) { return time.tv_sec * 1e6 + time.tv_usec; }

int main(int count, char **arguments) {
    if (count < 4) return 2;
    long iterations = atol(arguments[1]);
    int files[most], file_count = 0, mount_count = 0;
    char *mounts[most];
    int page_file = open(arguments[2], O_RDONLY);
    if (page_file < 0) fail(arguments[2]);
    size_t page_bytes = 0;
    char *page = malloc(buffer_bytes);
    for (ssize_t got; (got = read(page_file, page + page_bytes, buffer_bytes - page_bytes)) > 0;)
        page_bytes += (size_t)got;
    int index = 3;
    for (; index < count && strcmp(arguments[index], "--") != 0 && file_count < most; index++) {
        files[file_count] = open(arguments[index], O_RDONLY | O_CLOEXEC);
        if (files[file_count++] < 0) fail(arguments[index]);
    }
    for (index++; index < count && mount_count < most; index++)
        mounts[mount_count++] = arguments[index];
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (netlink < 0) fail("netlink");
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
    size_t capacity = libdeflate_gzip_compress_bound(compressor, page_bytes);
    char *packed = malloc(capacity);

    struct rusage begin, end;
    size_t total = 0;
    getrusage(RUSAGE_SELF, &begin);
    for (long iteration = 0; iteration < iterations; iteration++) {
        for (int file = 0; file < file_count; file++) total += read_whole(files[file]);
        struct statfs filesystem;
        for (int mount = 0; mount < mount_count; mount++) statfs(mounts[mount], &filesystem);
        struct utsname names;
        uname(&names);
        dump_links(netlink);
        total += libdeflate_gzip_compress(compressor, page, page_bytes, packed, capacity);
    }
    getrusage(RUSAGE_SELF, &end);
    double user = (microseconds(end.ru_utime) - microseconds(begin.ru_utime)) / iterations;
    double system = (microseconds(end.ru_stime) - microseconds(begin.ru_stime)) / iterations;
    printf("%.2f %.2f %.2f\n", user, system, user + system);
    return total == 0;
}
