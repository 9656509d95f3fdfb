#include "base/fault.h"

#include <cstdio>
#include <cstdlib>

namespace dos {

void promise_broken(char const* promise, char const* file, int line) {
  std::fprintf(stderr, "{\"level\":\"fatal\",\"message\":\"promise broken: %s\",\"at\":\"%s:%d\"}\n", promise, file, line);
  std::abort();
}

}  // namespace dos
