#include "core/shared_memory.h"

#include "core/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace torch {

namespace {

[[noreturn]] void fail_to_allocate(int64_t bytes, int error) {
  std::string text = "unable to allocate " + std::to_string(bytes) +
                     " bytes of shared memory: " + std::strerror(error) + " (" + std::to_string(error) + ")";
  fail(ErrorKind::Runtime, std::move(text));
}

// Written rather than copied into a mapping: the pages need not be zeroed first, and a full system answers
// with an error.
void fill(int fd, const void* contents, int64_t bytes) {
  if (!contents) {
    if (bytes == 0) return;
    int error = 0;
    do error = posix_fallocate(fd, 0, bytes);
    while (error == EINTR);
    if (error) fail_to_allocate(bytes, error);
    return;
  }
  for (int64_t done = 0; done < bytes;) {
    const ssize_t n =
        pwrite(fd, static_cast<const char*>(contents) + done, static_cast<size_t>(bytes - done), done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_to_allocate(bytes, n < 0 ? errno : ENOSPC);
    done += n;
  }
}

} // namespace

void SharedMemory::map(int64_t bytes, bool populate) {
  bytes_ = bytes;
  if (bytes == 0) return;
  void* const data = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE,
                          MAP_SHARED | (populate ? MAP_POPULATE : 0), fd_, 0);
  check(data != MAP_FAILED, "unable to map ", bytes, " bytes of shared memory: ", std::strerror(errno), " (",
        errno, ")");
  data_ = data;
}

SharedMemory::~SharedMemory() {
  if (data_) munmap(data_, static_cast<size_t>(bytes_));
  if (fd_ >= 0) close(fd_);
  if (!path_.empty() && owner_ == getpid()) unlink(path_.c_str());
}

std::unique_ptr<SharedMemory> SharedMemory::nameless(const void* contents, int64_t bytes) {
  std::unique_ptr<SharedMemory> memory(new SharedMemory);
  memory->fd_ = memfd_create("torch", MFD_CLOEXEC);
  check(memory->fd_ >= 0, "unable to make shared memory: ", std::strerror(errno), " (", errno, ")");
  fill(memory->fd_, contents, bytes);
  memory->map(bytes, true);
  return memory;
}

std::unique_ptr<SharedMemory> SharedMemory::in_new_file(const std::string& path, const void* contents,
                                                        int64_t bytes) {
  std::unique_ptr<SharedMemory> memory(new SharedMemory);
  memory->fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  check(memory->fd_ >= 0, "unable to make the shared memory file <", path, ">: ", std::strerror(errno), " (",
        errno, ")");
  memory->path_ = path; // from here on removed where anything fails
  memory->owner_ = getpid();
  fill(memory->fd_, contents, bytes);
  memory->map(bytes, true);
  close(std::exchange(memory->fd_, -1));
  return memory;
}

std::unique_ptr<SharedMemory> SharedMemory::map_descriptor(int fd, int64_t bytes, bool keep_descriptor) {
  std::unique_ptr<SharedMemory> memory(new SharedMemory);
  memory->fd_ = fd;
  struct stat info {};
  check(fstat(fd, &info) == 0, "not a file descriptor: ", fd);
  check(bytes >= 0 && bytes <= info.st_size, "shared memory of ", int64_t(info.st_size), " bytes, not ",
        bytes);
  memory->map(bytes, !keep_descriptor); // whoever does not pass it on is about to read it
  if (!keep_descriptor) close(std::exchange(memory->fd_, -1));
  return memory;
}

std::unique_ptr<SharedMemory> SharedMemory::map_file(const std::string& path, int64_t bytes) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  check(fd >= 0, "unable to open the shared memory file <", path, ">: ", std::strerror(errno), " (", errno,
        ")");
  std::unique_ptr<SharedMemory> memory = map_descriptor(fd, bytes, false);
  memory->path_ = path;
  memory->owner_ = getpid();
  return memory;
}

} // namespace torch
