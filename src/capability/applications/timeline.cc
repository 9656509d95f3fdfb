#include "capability/applications/timeline.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "capability/applications/entity_form.h"
#include "capability/applications/fields.h"
#include "contract/list.h"
#include "kernel/city/city.h"
#include "kernel/graph/path.h"
#include "kernel/history/history.h"

namespace dos::applications {
namespace {

constexpr std::size_t items_max = 1'000;

// "2026-12-01T10:00:00Z,4711": behind which one to go on.
std::optional<moment> read_cursor(http::request const& r) {
  auto const given = r.query.text_or("cursor", "");
  if (given.empty()) return std::nullopt;
  auto const comma = given.find(',');
  auto const time = parse_timestamp(given.substr(0, comma));
  auto const number = comma == given.npos ? std::nullopt : text::to_int(given.substr(comma + 1));
  require(time && number && *number >= 0, fault_kind::malformed, "cursor is what `next` of an answer says", "cursor");
  return moment{*time, observation_number(*number)};
}

// Whose name is told: citizens see that it was done; those who see all that there may be of the entity see by whom.
bool tells_people(session const& s, entity const& whole, model::type const* t) {
  auto const view = s.view();
  if (view->is_clear() || !t) return view->is_clear();
  return std::all_of(t->attributes.begin(), t->attributes.end(), [&](auto const& rule) { return view->shows(whole, rule.name); });
}

class teller {
 public:
  teller(session const& s, shared_tools const& with, entity const& seen, model::type const* t, bool names_people)
      : session_(s), seen_(seen), type_(t), words_(with.words_of(s)), view_(s.view()), names_people_(names_people) {}

  json::object act(observation const& o, std::string_view language) const {
    auto const& v = o.value;
    auto const name = v.text_or("action", "");
    auto out = json::object{{"at", to_string(o.time)}, {"what", "action"}, {"action", name}};
    auto const* const a = type_ ? type_->find_action(name) : nullptr;
    auto const title = a ? word_in(a->words, "title", language) : std::string_view();
    if (!title.empty()) out.push("title", title);
    auto const by = v.text_or("by", "");
    if (!by.empty() && (names_people_ || by == session_.who().subject)) out.push("by", by);
    if (type_ && type_->workflow && view_->shows(seen_, type_->workflow->attribute)) {
      for (auto const* const member : {"from", "to"}) {
        if (auto const state = v.text_or(member, ""); !state.empty()) out.push(member, state);
      }
    }
    if (auto fields = shown_fields(v); !fields.empty()) out.push("fields", std::move(fields));
    for (auto const* const member : {"reason", "via"}) {
      auto const text = v.text_or(member, "");
      if (!text.empty() && names_people_) out.push(member, text);
    }
    return out;
  }

  json::object change(series_ref const& s, observation const& o) const {
    auto out = json::object{{"at", to_string(o.time)}, {"what", "change"}, {"attribute", term_of(s.attribute, type_, words_)}};
    if (s.dataset) out.push("datasetId", s.dataset.text());
    if (is_deleted(o)) out.push("removed", true);
    else out.push("value", query::unwrapped(o.value));
    return out;
  }

 private:
  json::object shown_fields(json::value const& act) const {
    auto out = json::object();
    auto const* const all = act.find("fields");
    if (!all || !all->is_object() || !type_) return out;
    for (auto const& m : all->as_object()) {
      auto const* const rule = find_rule(*type_, m.key);
      if (rule && view_->shows_history(seen_, rule->name)) out.push(m.key, m.value);
    }
    return out;
  }

  session const& session_;
  entity const& seen_;
  model::type const* type_;
  terms const& words_;
  model::view_ptr view_;
  bool names_people_;
};

struct told_item {
  moment at;
  json::object what;
};

}  // namespace

void tell_timeline::operator()(session s, http::request r, http::reply answer) const {
  auto const id = std::string(r.param("id"));
  auto const seen = s.find_with_history(id);
  if (!seen) throw fault(fault_kind::not_found, "there is no entity " + id, "id");
  auto const whole = s.city().entities().find(id);
  auto const models = s.city().models();
  auto const* const t = models ? models->model_of(seen->types) : nullptr;
  auto const teller_of_it = teller(s, *with_, whole ? *whole : *seen, t, whole && tells_people(s, *whole, t));
  auto const language = language_of(r);
  auto const limit = read_limit(r, 100, items_max);
  auto range = range_query();
  range.limit = limit + 1;
  range.after = read_cursor(r);
  auto found = std::vector<told_item>();
  auto const keep_first = [&] {
    std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) { return a.at < b.at; });
    if (found.size() > limit + 1) found.resize(limit + 1);
  };
  auto const of_acts = s.acts_of(id);
  if (of_acts) {
    s.history().for_each(*of_acts, range, [&](observation const& o) {
      found.push_back({o.moment(), teller_of_it.act(o, language)});
      return true;
    });
  }
  for (auto const& series : s.series_of(id)) {
    if (series.attribute.text() == entity_number_iri) continue;
    s.history().for_each(series.series, range, [&](observation const& o) {
      found.push_back({o.moment(), teller_of_it.change(series, o)});
      return true;
    });
    if (found.size() > 4 * items_max) keep_first();
  }
  keep_first();
  auto items = json::array();
  auto const n = std::min(found.size(), limit);
  for (auto i = std::size_t(0); i < n; ++i) items.push_back(std::move(found[i].what));
  auto next = std::optional<std::string>();
  if (found.size() > limit) next = to_string(found[n - 1].at.time) + ',' + std::to_string(found[n - 1].at.number);
  answer(list_response(std::move(items), std::move(next)));
}

}  // namespace dos::applications
