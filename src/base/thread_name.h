// Names the calling thread for those who look at the running program (top -H, gdb). The system shows 15 bytes.
#pragma once

#include <pthread.h>

#include <string>
#include <string_view>

namespace dos {

inline void name_thread(std::string_view name) {
  ::pthread_setname_np(::pthread_self(), std::string(name.substr(0, 15)).c_str());
}

}  // namespace dos
