// Who has subscribed to what: finds the subscriptions that match a topic without looking at the others.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dos::broker {

struct client_session;
struct subscription;

class topic_tree {
 public:
  struct entry {
    client_session* who;
    subscription const* what;
  };

  // `filter` without "$share/GROUP/", which `group` names; empty: none.
  void add(std::string_view filter, std::string const& group, entry e);
  void remove(std::string_view filter, std::string const& group, client_session const* who);

  // MQTT 5.0, 4.7. Of a group `choose` picks one member.
  void match(std::string_view topic, std::function<void(entry const&)> const& visit,
             std::function<entry(std::vector<entry> const&)> const& choose) const;

  bool is_empty() const { return root_.is_empty(); }

 private:
  struct node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> children;
    std::vector<entry> entries;
    std::map<std::string, std::vector<entry>> groups;

    bool is_empty() const { return children.empty() && entries.empty() && groups.empty(); }
  };

  node root_;
};

}  // namespace dos::broker
