// What the handlers of this module share.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/terms.h"
#include "capability/applications/answers.h"
#include "contract/contract.h"
#include "kernel/model/registry.h"

namespace dos::applications {

struct shared_tools {
  explicit shared_tools(node const& n);

  node const& n;
  std::map<std::string, terms, std::less<>> words;                   // by city
  std::map<std::string, std::unique_ptr<answers>, std::less<>> kept;  // by city

  terms const& words_of(session const& s) const;
  answers& answers_of(session const& s) const;
};
using tools = std::shared_ptr<shared_tools const>;

// Which language of the words of packages an answer is in: ?lang=, else Accept-Language, else German.
std::string language_of(http::request const& r);
// {de: …, en: …} in that language; empty when there are no words.
std::string_view word_in(json::value const* words, std::string_view language);
// Behind "title" and such of what a package says.
std::string_view word_in(json::value const& of, std::string_view member, std::string_view language);

// Faults: malformed. `most`: what comes beyond is cut.
std::size_t read_limit(http::request const& r, std::size_t otherwise, std::size_t most);

// Faults in the form of these routes: problem details; what breaks a rule is 422 and names the fields.
http::response refusal(fault const& f);
// One field that is wrong, of several.
http::response refusal_of_fields(std::vector<fault> const& all);

}  // namespace dos::applications
