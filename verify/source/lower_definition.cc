#include <utility>

#include "verify/source/lower.h"

namespace pg::verify::py {

void Lowerer::lower_try() {
  const StmtId id = begin_stmt(StmtKind::try_);
  BlockId handlers = kNone;
  std::size_t start = 0;
  const BlockId outside = block_;
  const auto close = [&] {
    if (handlers != kNone && module_.stmts[id].handlers == kNone) {
      end_block(handlers, start);
      module_.stmts[id].handlers = handlers;
      block_ = outside;
    }
  };
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::block) {
      const BlockId body = lower_block(Block::Role::body, id);
      module_.stmts[id].body = body;
    } else if (child == NodeType::except_clause || child == NodeType::except_group_clause) {
      if (handlers == kNone) {
        handlers = begin_block(Block::Role::handlers, id);
        start = mark();
      }
      if (module_.stmts[id].handlers == kNone) lower_except();
    } else if (child == NodeType::else_clause || child == NodeType::finally_clause) {
      close();
      const bool is_else = child == NodeType::else_clause;
      each_child([&](NodeType part, TSFieldId) {
        if (part != NodeType::block) return;
        const BlockId made = lower_block(is_else ? Block::Role::orelse : Block::Role::finally, id);
        (is_else ? module_.stmts[id].orelse : module_.stmts[id].finally) = made;
      });
    }
  });
  close();
  end_stmt(id);
}

void Lowerer::lower_except() {
  const StmtId outside = stmt_;
  const StmtId id = begin_stmt(StmtKind::except);
  const auto type_and_name = [&](NodeType part, TSFieldId) {
    if (part == NodeType::as_pattern_target) {
      const std::size_t start = mark();
      push_operands();
      module_.stmts[id].targets = take(start);
    } else if (part != NodeType::token && part != NodeType::ERROR && module_.stmts[id].value == kNone) {
      const ExprId value = lower_expr();
      module_.stmts[id].value = value;
    }
  };
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::block) {
      const BlockId body = lower_block(Block::Role::body, id);
      module_.stmts[id].body = body;
    } else if (child == NodeType::as_pattern) {
      each_child(type_and_name);
    } else {
      type_and_name(child, field);
    }
  });
  end_stmt(id);
  stmt_ = outside;
}

void Lowerer::lower_match() {
  const StmtId id = begin_stmt(StmtKind::match);
  each_child([&](NodeType child, TSFieldId field) {
    if (field == grammar_.subject && child != NodeType::token) {
      const ExprId value = lower_expr();
      if (module_.stmts[id].value == kNone) module_.stmts[id].value = value;
    } else if (child == NodeType::block && block_depth_ >= kMaxDepth) {
      ++module_.truncated;
    } else if (child == NodeType::block) {
      const BlockId outside = block_;
      const BlockId body = begin_block(Block::Role::body, id);
      const std::size_t start = mark();
      each_child([this](NodeType part, TSFieldId) {
        if (part == NodeType::case_clause) lower_case();
      });
      end_block(body, start);
      block_ = outside;
      module_.stmts[id].body = body;
    }
  });
  end_stmt(id);
}

void Lowerer::lower_case() {
  const StmtId outside = stmt_;
  const StmtId id = begin_stmt(StmtKind::case_);
  const std::size_t start = mark();
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::case_pattern) {
      push(lower_expr());
    } else if (field == grammar_.guard) {
      const ExprId guard = lower_expr();
      module_.stmts[id].extra = guard;
    } else if (child == NodeType::block) {
      module_.stmts[id].targets = take(start);
      const BlockId body = lower_block(Block::Role::body, id);
      module_.stmts[id].body = body;
    }
  });
  stack_.resize(start);
  end_stmt(id);
  stmt_ = outside;
}

void Lowerer::lower_operands_statement(StmtKind kind) {
  const StmtId id = begin_stmt(kind);
  const std::size_t start = mark();
  ExprId cause = kNone;
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::token || child == NodeType::ERROR) return;
    if (kind == StmtKind::raise && field == grammar_.cause) {
      cause = lower_expr();
    } else if (kind == StmtKind::del && child == NodeType::expression_list) {
      push_operands();
    } else {
      push(lower_expr());
    }
  });
  const auto nth = [&](std::size_t i) { return start + i < stack_.size() ? stack_[start + i] : kNone; };
  Stmt& stmt = module_.stmts[id];
  switch (kind) {
    case StmtKind::return_:
      stmt.value = nth(0);
      break;
    case StmtKind::raise:
      stmt.value = nth(0), stmt.extra = cause;
      break;
    case StmtKind::assert_:
      stmt.value = nth(0), stmt.extra = nth(1);
      break;
    default:
      stmt.targets = take(start);
  }
  stack_.resize(start);
  end_stmt(id);
}

void Lowerer::lower_import(StmtKind kind) {
  const StmtId id = begin_stmt(kind);
  const auto text = [this] {
    const Place here = place();
    return module_.source.substr(here.begin, here.end - here.begin);
  };
  Import import;
  if (type() == NodeType::future_import_statement) import.module = "__future__";
  const auto first = static_cast<std::uint32_t>(module_.all_imports.size());
  each_child([&](NodeType child, TSFieldId field) {
    if (field == grammar_.module_name) {
      import.module = text();
    } else if (child == NodeType::wildcard_import) {
      module_.all_imports.push_back({import.module, "*", 0});
    } else if (field == grammar_.name) {
      Import made = import;
      std::string_view& what = kind == StmtKind::import ? made.module : made.name;
      if (child == NodeType::aliased_import) {
        each_child([&](NodeType part, TSFieldId part_field) {
          if (part_field == grammar_.name) what = text();
          if (part_field == grammar_.alias && part == NodeType::identifier) made.as = symbol_here();
        });
      } else {
        what = text();
        // `import a.b` binds a.
        if (ts_tree_cursor_goto_first_child(&cursor_)) {
          made.as = symbol_here();
          ts_tree_cursor_goto_parent(&cursor_);
        }
      }
      module_.all_imports.push_back(made);
    }
  });
  module_.stmts[id].imports = {first, static_cast<std::uint32_t>(module_.all_imports.size()) - first};
  end_stmt(id);
}

void Lowerer::lower_decorated() {
  const StmtId id = begin_stmt(StmtKind::other);
  const std::size_t start = mark();
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::decorator) {
      push_operands();
    } else if (child == NodeType::function_definition) {
      module_.stmts[id].kind = StmtKind::def;
      lower_function(id, take(start));
    } else if (child == NodeType::class_definition) {
      module_.stmts[id].kind = StmtKind::class_;
      lower_class(id, take(start));
    }
  });
  stack_.resize(start);
  end_stmt(id);
}

void Lowerer::lower_function(StmtId id, Range decorators) {
  const auto function = static_cast<FunctionId>(module_.functions.size());
  const Place here = place();
  Function& made = module_.functions.emplace_back();
  made.parent = function_;
  made.cls = class_;
  made.stmt = id;
  made.decorators = decorators;
  made.begin = here.begin, made.end = here.end, made.line = here.line;
  module_.stmts[id].def = function;
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::token) {
      if (*token() == 'a') module_.functions[function].is_async = module_.stmts[id].is_async = true;
    } else if (field == grammar_.name) {
      module_.functions[function].name = symbol_here();
    } else if (child == NodeType::parameters) {
      lower_parameters(function, false);
    } else if (field == grammar_.return_type) {
      lower_expr();
    } else if (child == NodeType::block) {
      const FunctionId outside = std::exchange(function_, function);
      const ClassId outer = std::exchange(class_, kNone);
      const BlockId body = lower_block(Block::Role::function, id);
      module_.functions[function].body = body;
      function_ = outside;
      class_ = outer;
    }
  });
  end_stmt(id);
}

void Lowerer::lower_class(StmtId id, Range decorators) {
  const auto cls = static_cast<ClassId>(module_.classes.size());
  const Place here = place();
  Class& made = module_.classes.emplace_back();
  made.function = function_;
  made.outer = class_;
  made.stmt = id;
  made.decorators = decorators;
  made.begin = here.begin, made.end = here.end, made.line = here.line;
  module_.stmts[id].def = cls;
  each_child([&](NodeType child, TSFieldId field) {
    if (field == grammar_.name) {
      module_.classes[cls].name = symbol_here();
    } else if (field == grammar_.superclasses) {
      const std::size_t start = mark();
      push_operands();
      module_.classes[cls].bases = take(start);
    } else if (child == NodeType::block) {
      const ClassId outer = std::exchange(class_, cls);
      const BlockId body = lower_block(Block::Role::class_, id);
      module_.classes[cls].body = body;
      class_ = outer;
    }
  });
  end_stmt(id);
}

ExprId Lowerer::lower_lambda() {
  const Place here = place();
  const auto function = static_cast<FunctionId>(module_.functions.size());
  Function& lambda = module_.functions.emplace_back();
  lambda.kind = Function::Kind::lambda;
  lambda.parent = function_;
  lambda.stmt = stmt_;
  lambda.begin = here.begin, lambda.end = here.end, lambda.line = here.line;
  const std::size_t start = mark();
  push(kNone);  // the body
  each_child([&](NodeType child, TSFieldId field) {
    if (child == NodeType::lambda_parameters) {
      lower_parameters(function, true);
    } else if (field == grammar_.body && child != NodeType::token) {
      const FunctionId outside = std::exchange(function_, function);
      stack_[start] = lower_expr();
      function_ = outside;
    }
  });
  if (stack_[start] == kNone) stack_[start] = add_leaf(ExprKind::opaque, {here.end, here.end, here.line});
  const ExprId id = add_expr(ExprKind::lambda, here, start);
  module_.exprs[id].aux = function;
  module_.functions[function].expr = id;
  return id;
}

void Lowerer::lower_parameters(FunctionId function, bool push_defaults) {
  std::vector<Parameter> made;  // defaults may hold lambdas with parameters of their own
  auto kind = Parameter::Kind::plain;
  each_child([&](NodeType child, TSFieldId) {
    if (child == NodeType::token || child == NodeType::ERROR) return;
    if (child == NodeType::keyword_separator) {
      kind = Parameter::Kind::keyword_only;
    } else if (child == NodeType::positional_separator) {
      for (Parameter& earlier : made) earlier.kind = Parameter::Kind::positional_only;
    } else {
      Parameter parameter;
      parameter.kind = kind;
      parameter.line = place().line;
      if (read_parameter(child, parameter, push_defaults)) made.push_back(parameter);
      if (parameter.kind == Parameter::Kind::var_positional) kind = Parameter::Kind::keyword_only;
    }
  });
  module_.functions[function].parameters = {static_cast<std::uint32_t>(module_.all_parameters.size()),
                                            static_cast<std::uint32_t>(made.size())};
  module_.all_parameters.insert(module_.all_parameters.end(), made.begin(), made.end());
}

bool Lowerer::read_parameter(NodeType here, Parameter& parameter, bool push_defaults) {
  if (here == NodeType::identifier) {
    parameter.name = symbol_here();
    return true;
  }
  if (here == NodeType::list_splat_pattern || here == NodeType::dictionary_splat_pattern) {
    parameter.kind =
        here == NodeType::list_splat_pattern ? Parameter::Kind::var_positional : Parameter::Kind::var_keyword;
  } else if (here != NodeType::default_parameter && here != NodeType::typed_parameter &&
             here != NodeType::typed_default_parameter) {
    return false;  // tuple parameters of Python 2
  }
  each_child([&](NodeType child, TSFieldId field) {
    if (field == grammar_.value && child != NodeType::token) {
      parameter.default_value = lower_expr();
      if (push_defaults) push(parameter.default_value);
    } else if (field == grammar_.type_) {
      parameter.annotation = lower_expr();
    } else if (child == NodeType::identifier) {
      parameter.name = symbol_here();
    } else if (child == NodeType::list_splat_pattern || child == NodeType::dictionary_splat_pattern) {
      read_parameter(child, parameter, push_defaults);
    }
  });
  return true;
}

}  // namespace pg::verify::py
