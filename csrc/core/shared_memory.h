// Memory that several processes map: without a name, reached through a file descriptor, or a file of a memory
// file system.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>

namespace torch {

// All of it is there from the start: a system without room for it says so (RuntimeError) when it is made, and
// never by a signal when it is written.
class SharedMemory {
public:
  // `contents` of that many bytes; zeros where null.
  static std::unique_ptr<SharedMemory> nameless(const void* contents, int64_t bytes);
  static std::unique_ptr<SharedMemory> in_new_file(const std::string& path, const void* contents,
                                                   int64_t bytes);
  // What another process has made. A descriptor is taken over, and closed after mapping where nobody is to be
  // given the memory from here; a file loses this name with the object.
  static std::unique_ptr<SharedMemory> map_descriptor(int fd, int64_t bytes, bool keep_descriptor);
  static std::unique_ptr<SharedMemory> map_file(const std::string& path, int64_t bytes);

  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  void* data() const { return data_; }
  int fd() const { return fd_; }                    // -1: none
  const std::string& path() const { return path_; } // empty: none

private:
  SharedMemory() = default;
  void map(int64_t bytes, bool populate);

  void* data_ = nullptr;
  int64_t bytes_ = 0;
  int fd_ = -1;
  std::string path_;
  pid_t owner_ = 0; // who removes the file: not a child made by fork
};

} // namespace torch
