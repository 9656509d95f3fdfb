// Changes of packages under way: one after another, on a thread of their own. Each is a record `package_job` by its id, so
// that what was interrupted goes on after a start.
//
//   content durable → dry run → both versions accepted → entities move → the new version holds
//                        └ entities that do not fit: nothing has changed
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "package/city_packages.h"

namespace dos::package {

inline constexpr std::size_t jobs_kept = 100;  // of a city, besides those that wait
inline constexpr std::size_t jobs_waiting_max = 20;

class changes {
 public:
  changes(node const& n, std::vector<std::shared_ptr<city_packages>> cities);
  ~changes();

  void start();  // what was interrupted goes on
  void stop();

  // Returns the id of the job. What is wrong is known at once: then `wrong` has it and there is no job. Faults: not_found,
  // too_many.
  std::string request(city_packages const& where, wish w, std::string const& by, problems& wrong);
  // At the first start of a city: waits until it is done.
  void settle(city_packages const& where, std::vector<wish> const& wishes) const;

 private:
  struct task {
    std::shared_ptr<city_packages> where;
    std::string id;
  };
  void run();
  void accept_both_again(city_packages const& where, std::string const& id) const;
  void carry_out(city_packages const& where, std::string const& id) const;
  void note(city_packages const& where, std::string const& id, json::object added) const;

  node const& node_;
  std::vector<std::shared_ptr<city_packages>> cities_;
  mutable std::mutex lock_;
  std::condition_variable wake_;
  std::deque<task> waiting_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace dos::package
