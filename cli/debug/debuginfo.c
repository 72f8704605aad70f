// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/debug/debuginfo.h"

#include <dirent.h>
#include <string.h>

#define DEBUG_DIR "/usr/lib/debug"

/* The name of the module: the name of the file without its suffixes, with '_' for '-'. */
static void module_name(const char *file, char *to, size_t size)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	size_t n = strcspn(base, ".");

	/* vmlinux-6.12.0-13-amd64 */
	if (!strncmp(base, DEBUGINFO_KERNEL, strlen(DEBUGINFO_KERNEL)))
		n = strlen(DEBUGINFO_KERNEL);
	if (n >= size)
		n = size - 1;
	memcpy(to, base, n);
	to[n] = '\0';
	for (char *p = to; (p = strchr(p, '-')); p++)
		*p = '_';
}

static int no_debuginfo(const struct debuginfo *d, const char *dir, struct errbuf *e)
{
	return set_error(e, -ENODATA,
			 "%s has no debug information, and none was found in %s: install the "
			 "debug package of this kernel (Debian: linux-image-*-dbg), or name the "
			 "file that has it",
			 d->file, dir);
}

static int open_file(struct debuginfo *d, const char *dir, struct errbuf *e)
{
	Dwarf_Addr bias;
	GElf_Ehdr ehdr;
	Elf *elf;

	d->callbacks.find_elf = dwfl_build_id_find_elf;
	d->callbacks.find_debuginfo = dwfl_standard_find_debuginfo;
	d->callbacks.section_address = dwfl_offline_section_address;
	d->callbacks.debuginfo_path = &d->path;
	d->dwfl = dwfl_begin(&d->callbacks);
	if (!d->dwfl)
		return -ENOMEM;
	d->mod = dwfl_report_offline(d->dwfl, d->module, d->file, -1);
	dwfl_report_end(d->dwfl, NULL, NULL);
	if (!d->mod)
		return set_error(e, -EINVAL, "cannot read %s: %s", d->file, dwfl_errmsg(-1));
	elf = dwfl_module_getelf(d->mod, &bias);
	if (!elf || !gelf_getehdr(elf, &ehdr))
		return set_error(e, -EINVAL, "cannot read %s: %s", d->file, dwfl_errmsg(-1));
	d->machine = ehdr.e_machine;
	return dwfl_module_getdwarf(d->mod, &bias) ? 0 : no_debuginfo(d, dir, e);
}

int debuginfo_open(const char *file, const char *dir, struct debuginfo **ret, struct errbuf *e)
{
	struct debuginfo *d = calloc(1, sizeof(*d));
	int err = -ENOMEM;

	if (!d)
		goto out;
	module_name(file, d->module, sizeof(d->module));
	d->file = strdup(file);
	if (!d->file || asprintf(&d->path, ":.debug:%s", dir ?: DEBUG_DIR) < 0)
		goto out;
	/* libdwfl's own sentence for a missing file names no file. */
	err = access(file, R_OK) ? set_error(e, -errno, "cannot read %s: %s", file, strerror(errno))
				 : open_file(d, dir ?: DEBUG_DIR, e);
out:
	if (err == -ENOMEM)
		set_error(e, err, "out of memory");
	if (err)
		debuginfo_free(d);
	else
		*ret = d;
	return err;
}

/* The path of a module below /lib/modules/RELEASE, from modules.dep; malloced, or NULL. */
static char *find_module(const char *module, const char *release)
{
	_cleanup_free_ char *dep = NULL, *line = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	char name[SYMBOL_MODULE_MAX];
	size_t size = 0;

	if (asprintf(&dep, "/lib/modules/%s/modules.dep", release) < 0) {
		dep = NULL;
		return NULL;
	}
	f = fopen(dep, "re");
	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, ":\n")] = '\0';
		module_name(line, name, sizeof(name));
		if (!strcmp(name, module))
			return strdup(line);
	}
	return NULL;
}

/* Finds DIR/MODULE.ko, or DIR/MODULE; '-' in the name of a file is '_' in that of the module. */
static bool try_built(const char *dir, const char *module, char **ret)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	char name[SYMBOL_MODULE_MAX];
	bool found = false;

	while (d && !found && (entry = readdir(d))) {
		const char *suffix = strchr(entry->d_name, '.');

		module_name(entry->d_name, name, sizeof(name));
		found = !strcmp(name, module) &&
			(!suffix || !strcmp(suffix, ".ko") || !strcmp(suffix, ".ko.debug")) &&
			asprintf(ret, "%s/%s", dir, entry->d_name) >= 0;
	}
	if (d)
		closedir(d);
	return found;
}

/* *ret: the path DIR FOLDER RELEASE / NAME if such a file can be read. name: NULL for none. */
static bool try_file(const char *dir, const char *folder, const char *release, const char *name,
		     char **ret)
{
	char *path;

	if (asprintf(&path, "%s%s%s%s%s", dir, folder, release, name ? "/" : "", name ?: "") < 0)
		return false;
	if (access(path, R_OK)) {
		free(path);
		return false;
	}
	*ret = path;
	return true;
}

/* Debian's debug packages name the files after the kernel and its modules. */
int debuginfo_open_installed(const char *module, const char *release, const char *dir,
			     struct debuginfo **ret, struct errbuf *e)
{
	_cleanup_free_ char *name = NULL, *path = NULL;
	const char *from = dir ?: DEBUG_DIR;
	char *suffix;

	if (dir && try_built(dir, module, &path))
		return debuginfo_open(path, dir, ret, e);
	if (!strcmp(module, DEBUGINFO_KERNEL)) {
		if (!try_file(from, "/boot/vmlinux-", release, NULL, &path) &&
		    !try_file(from, "/vmlinux-", release, NULL, &path) &&
		    !try_file(from, "/lib/modules/", release, DEBUGINFO_KERNEL, &path))
			return set_error(e, -ENODATA,
					 "there is no vmlinux of %s in %s: install the debug "
					 "package of this kernel (Debian: linux-image-*-dbg)",
					 release, from);
		return debuginfo_open(path, dir, ret, e);
	}
	name = find_module(module, release);
	if (!name)
		return set_error(e, -ENOENT,
				 "kernel %s has no module %s in /lib/modules: name the folder that "
				 "has it with --debug-dir",
				 release, module);
	/* The debug file of drm.ko.xz is drm.ko. */
	suffix = strstr(name, ".ko");
	if (suffix)
		suffix[strlen(".ko")] = '\0';
	if (!try_file(from, "/lib/modules/", release, name, &path)) {
		free(name);
		name = find_module(module, release);
		if (!name || !try_file("", "/lib/modules/", release, name, &path))
			return set_error(e, -ENOENT, "cannot read the file of the module %s",
					 module);
	}
	return debuginfo_open(path, dir, ret, e);
}

size_t debuginfo_build_id(const struct debuginfo *d, const unsigned char **ret)
{
	GElf_Addr addr;
	int n = dwfl_module_build_id(d->mod, ret, &addr);

	return n > 0 ? (size_t)n : 0;
}

void debuginfo_free(struct debuginfo *d)
{
	if (!d)
		return;
	if (d->dwfl)
		dwfl_end(d->dwfl);
	free(d->path);
	free(d->file);
	free(d);
}
