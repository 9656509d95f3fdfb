// Organisations of a city: seen by everybody who is signed in, changed by administrators.
#pragma once

#include "capability/people/desk.h"

namespace dos::people {

struct list_organisations {  // GET /organisations
  void operator()(session s, http::request r, http::reply answer) const;
};
struct get_organisation {  // GET /organisations/{id}
  void operator()(session s, http::request r, http::reply answer) const;
};
struct create_organisation {  // POST /organisations → 201
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct put_organisation {  // PUT /organisations/{id}: as it is to be
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};
struct erase_organisation {  // DELETE /organisations/{id}; 409 while it has members or parts
  void operator()(session s, http::request r, http::reply answer) const;
  desk_ptr with;
};

}  // namespace dos::people
