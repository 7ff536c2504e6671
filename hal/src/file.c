// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dla_reader.h"
#include "error.h"

int dla_load_fd(int fd, const char *name, void **data, size_t *size)
{
	struct stat st;
	size_t done = 0;
	uint8_t *buf;
	ssize_t n;

	if (fstat(fd, &st))
		return apu_fail(-errno, "cannot read %s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return apu_fail(-EINVAL, "cannot read %s: not a regular file", name);
	if (st.st_size == 0)
		return apu_fail(-ENOEXEC, "bad model: %s is empty", name);
	if ((uint64_t)st.st_size > DLA_MAX_FILE_BYTES)
		return apu_fail(-ENOEXEC, "bad model: %s is longer than 1 GiB", name);
	buf = malloc((size_t)st.st_size);
	if (!buf)
		return apu_fail(-ENOMEM, "no memory for %s", name);
	/* Read, not mapped: another process may truncate the file while it is in use. */
	while (done < (size_t)st.st_size) {
		n = pread(fd, buf + done, (size_t)st.st_size - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = errno;

			free(buf);
			return apu_fail(-err, "cannot read %s: %s", name, strerror(err));
		}
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*data = buf;
	*size = done;
	return 0;
}
