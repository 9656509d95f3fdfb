#include "standard/ngsi_ld/quota.h"

#include "base/fault.h"

namespace dos::ngsi_ld {

void require_quota(call const& c, std::string_view collection, quota const& q) {
  auto const& name = c.who.who().name;
  auto mine = std::size_t(0), all = std::size_t(0);
  auto my_bytes = c.request.body.size(), bytes = my_bytes;
  c.who.for_each_record(collection, "", [&](std::string_view, record_ptr const& r) {
    auto const* const size = r->find("bytes");
    auto const n = size != nullptr && size->is_int() ? std::size_t(size->as_int()) : 1'000;  // kept before there was a bound
    ++all;
    bytes += n;
    if (r->text_or("by", "") != name) return true;
    ++mine;
    my_bytes += n;
    return true;
  });
  auto const refuse = [&](std::string_view whose, std::size_t most, std::string_view what) {
    throw fault(fault_kind::too_many, std::string(whose) + " at most " + std::to_string(most) + std::string(what) + " of " + std::string(collection) +
                                          "; delete what is not needed any more");
  };
  if (mine >= q.caller_max) refuse(name + " keeps", q.caller_max, "");
  if (my_bytes > q.caller_bytes_max) refuse(name + " keeps", q.caller_bytes_max, " bytes");
  if (all >= q.city_max) refuse("the city keeps", q.city_max, "");
  if (bytes > q.city_bytes_max) refuse("the city keeps", q.city_bytes_max, " bytes");
}

void note_quota(call const& c, json::object& record) {
  record["by"] = c.who.who().name;
  record["bytes"] = c.request.body.size();
}

}  // namespace dos::ngsi_ld
