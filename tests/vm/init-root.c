// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets up the guest before the command: modules, root file system, folders of the host. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "init.h"

void fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "iomap-vm: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* Makes the folder target and mounts a file system on it. An optional one may fail. */
static void mount_on(const char *source, const char *target, const char *type, unsigned long flags,
		     const char *options, bool optional)
{
	mkdir(target, 0755);
	if (mount(source, target, type, flags, options) < 0 && !optional)
		fail("cannot mount %s (%s) on %s: %s", source, type, target, strerror(errno));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_module(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void make_devices(void)
{
	mount_on("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755", false);
}

void load_modules(void)
{
	struct dirent **list;
	int n = scandir("/modules", &list, is_module, by_name), fd;
	char path[PATH_MAX];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/modules/%s", list[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			fail("cannot load %s: %s", path, strerror(errno));
		close(fd);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

void make_root(void)
{
	const unsigned long quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	mount_on("/dev/vda", "/image", "squashfs", MS_RDONLY, NULL, false);
	mount_on("tmpfs", "/rw", "tmpfs", 0, "mode=755", false);
	mkdir("/rw/upper", 0755);
	mkdir("/rw/work", 0755);
	mount_on("overlay", "/new", "overlay", 0,
		 "lowerdir=/image,upperdir=/rw/upper,workdir=/rw/work", false);
	mount_on("proc", "/new/proc", "proc", quiet, NULL, false);
	mount_on("sysfs", "/new/sys", "sysfs", quiet, NULL, false);
	mount_on("/dev", "/new/dev", NULL, MS_MOVE, NULL, false);
	mount_on("devpts", "/new/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666",
		 false);
	mount_on("tmpfs", "/new/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", false);
	mount_on("tmpfs", "/new/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", false);
	mount_on("tmpfs", "/new/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755", false);
	/* The boot parameter debugfs=off or no-mount takes it from the kernel. */
	mount_on("debugfs", "/new/sys/kernel/debug", "debugfs", quiet, NULL, true);
	mount_on("tracefs", "/new/sys/kernel/tracing", "tracefs", quiet, NULL, false);
	mount_on("bpf", "/new/sys/fs/bpf", "bpf", quiet, "mode=700", false);
	mount_on("cgroup2", "/new/sys/fs/cgroup", "cgroup2", quiet, NULL, true);
	if (chdir("/new") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		fail("cannot enter the root file system: %s", strerror(errno));
	/* as udev does */
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

void mount_host_folders(bool share)
{
	const char *options = "trans=virtio,version=9p2000.L,msize=262144,cache=loose";
	struct utsname uts;
	char modules[PATH_MAX];

	mount_on("src", "/src", "9p", MS_RDONLY, options, false);
	if (uname(&uts) < 0)
		fail("uname: %s", strerror(errno));
	mkdir("/lib/modules", 0755);
	snprintf(modules, sizeof(modules), "/lib/modules/%s", uts.release);
	mount_on("modules", modules, "9p", MS_RDONLY, options, false);
	if (share)
		mount_on("share", "/share", "9p", 0, "trans=virtio,version=9p2000.L,msize=262144",
			 false);
}

/* Passes if a file of a PCI device has this content. */
static bool device_has(const char *device, const char *file, const char *content)
{
	char path[PATH_MAX], found[16] = "";
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, found, sizeof(found) - 1);
		close(fd);
	}
	return n > 0 && !strcmp(found, content);
}

/* Lets the test driver, and no other driver, bind to the ivshmem device: it has no device table, as
 * it overwrites the memory of the device.
 */
static void choose_driver(void)
{
	const char driver[] = "test_io_mapping\n";
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;
	char path[PATH_MAX];
	int fd;

	while (dir && (entry = readdir(dir))) {
		if (!device_has(entry->d_name, "vendor", "0x1af4\n") ||
		    !device_has(entry->d_name, "device", "0x1110\n"))
			continue;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override",
			 entry->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, driver, strlen(driver)) < 0)
			fail("cannot write to %s: %s", path, strerror(errno));
		close(fd);
	}
	if (dir)
		closedir(dir);
}

void set_up_system(void)
{
	struct rlimit core = { .rlim_cur = 0, .rlim_max = RLIM_INFINITY };
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	lo.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		fail("cannot bring up the loopback interface: %s", strerror(errno));
	close(fd);
	choose_driver();
	sethostname("iomap-vm", strlen("iomap-vm"));
	setrlimit(RLIMIT_CORE, &core);
}
