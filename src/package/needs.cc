#include <algorithm>

#include "package/compile.h"

namespace dos::package {
namespace {

class sorter {
 public:
  using finder = std::function<bundle const*(std::string_view id)>;
  sorter(finder const& find, std::map<std::string, problems>& wrong) : find_(find), wrong_(wrong) {}

  void visit(std::string const& id) {
    if (std::find(done_.begin(), done_.end(), id) != done_.end()) return;
    auto const* const b = find_(id);
    if (!b) {
      wrong_[id].push_back({"", 0, "", "there is no package " + id});
      done_.push_back(id);
      return;
    }
    way_.push_back(id);
    auto const head = b->is_measure ? "measure.yaml" : "module.yaml";
    auto i = std::size_t(0);
    for (auto const& n : b->needs()) {
      auto const member = "needs[" + std::to_string(i++) + ']';
      if (!find_(n)) {
        wrong_[id].push_back(b->at(head, member, "there is no package " + n));
      } else if (auto const at = std::find(way_.begin(), way_.end(), n); at != way_.end()) {
        auto round = std::string();
        for (auto it = at; it != way_.end(); ++it) round += *it + " needs ";
        wrong_[id].push_back(b->at(head, member, "packages need each other: " + round + n));
      } else {
        visit(n);
      }
    }
    way_.pop_back();
    done_.push_back(id);
  }

  std::vector<std::string> const& done() const { return done_; }

 private:
  finder const& find_;
  std::map<std::string, problems>& wrong_;
  std::vector<std::string> way_, done_;
};

}  // namespace

std::vector<std::string> in_order(std::vector<std::string> const& ids, std::function<bundle const*(std::string_view id)> const& find,
                                  std::map<std::string, problems>& wrong) {
  auto s = sorter(find, wrong);
  for (auto const& id : ids) s.visit(id);
  auto all = s.done();
  std::erase_if(all, [&](std::string const& id) { return find(id) == nullptr; });
  return all;
}

}  // namespace dos::package
