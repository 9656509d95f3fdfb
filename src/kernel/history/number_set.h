// Numbers of observations as runs: those of a series mostly follow one another. Inside kernel/history only.
#pragma once

#include <vector>

#include "kernel/history/observation.h"

namespace dos::history_parts {

class number_set {
 public:
  void add(observation_number n);
  void settle();  // between adding and asking

  bool empty() const { return runs_.empty(); }
  bool contains(observation_number n) const { return meets(n, n); }
  bool meets(observation_number first, observation_number last) const;  // both included

 private:
  struct run {
    observation_number first, last;
  };
  std::vector<run> runs_;  // in order, apart from each other, once settled
};

}  // namespace dos::history_parts
