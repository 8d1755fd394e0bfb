"use strict";
// Draws what is beyond the overview: a company's ledger, what changed, and the consolidation. All text
// goes in as text, never as markup; amounts are added and written digit by digit, never as floats.
(() => {
  const parse = (element) => JSON.parse(element.textContent);
  const shared = parse(document.getElementById("shared"));
  const _ = (message, values = {}) =>
    (shared.messages[message] || message).replace(/\{(\w+)\}/g, (all, key) => (key in values ? values[key] : all));
  const byId = (id) => document.getElementById(id);
  const collator = new Intl.Collator(shared.language, { numeric: true });

  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === false || value === null || value === undefined) continue;
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  // Amounts

  const isZero = (amount) => amount === null || amount === undefined || /^-?0*(\.0*)?$/.test(amount);
  const isNegative = (amount) => amount !== null && amount.startsWith("-") && !isZero(amount);
  const decimals = (amount) => (amount.split(".")[1] || "").length;
  const scaled = (amount, scale) => {
    const [whole, fraction = ""] = amount.split(".");
    return BigInt(whole + fraction.padEnd(scale, "0"));
  };
  function sum(amounts) {
    const known = amounts.filter((amount) => amount !== null && amount !== undefined);
    const scale = Math.max(0, ...known.map(decimals));
    const total = known.reduce((so_far, amount) => so_far + scaled(amount, scale), 0n);
    const digits = (total < 0n ? -total : total).toString().padStart(scale + 1, "0");
    const written = scale ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits;
    return total < 0n ? `-${written}` : written;
  }
  const negated = (amount) => (amount.startsWith("-") ? amount.slice(1) : isZero(amount) ? amount : `-${amount}`);
  function digits(amount) {
    const [whole, fraction = ""] = amount.replace("-", "").split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, shared.group);
    return grouped + shared.decimal + fraction.replace(/0+$/, "").padEnd(2, "0");
  }
  const written = (amount) => (isNegative(amount) ? `(${digits(amount)})` : digits(amount));
  function amountCell(amount, { balance = false, tag = "td" } = {}) {
    if (amount === null || amount === undefined) return h(tag, { class: "n zero" }, "—");
    if (!balance) return h(tag, { class: `n${isNegative(amount) ? " neg" : isZero(amount) ? " zero" : ""}` }, written(amount));
    if (isZero(amount)) return h(tag, { class: "n zero" }, `${digits(amount)} `, h("span", { class: "side" }));
    return h(tag, { class: "n" }, `${digits(amount)} `, h("span", { class: "side" }, isNegative(amount) ? "C" : "D"));
  }

  // Pieces

  // What is searched: "agua" finds "Água".
  const bare = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const glyphs = shared.glyphs;
  const mark = (state) => h("span", { class: `mark s-${state}`, "aria-hidden": "true" }, glyphs[state] || "·");
  const fact = (kind) => h("span", { class: `mark f-${kind}`, "aria-hidden": "true" }, { yes: "✓", no: "✕", some: "!", none: "·" }[kind]);
  const empty = (title, text) => h("p", { class: "card empty" }, h("strong", {}, title), text || "");
  const head = (columns) => h("thead", {}, h("tr", {}, columns.map(([label, numeric]) => h("th", { scope: "col", class: numeric ? "n" : null }, label))));
  const region = (label, table) => h("div", { class: "card scroll ledger", tabindex: "0", role: "region", "aria-label": label }, table);
  const periodLabel = (end) => shared.periods[end] || end;
  const day = (iso) => (shared.language === "pt-BR" ? iso.split("-").reverse().join("/") : iso);

  // Accounts as a tree: a row hangs below the nearest account above it that is shown too.

  function grown(rows, parents) {
    const shown = new Map(rows.map((row) => [row.key || row.code, { ...row, key: row.key || row.code, below: [] }]));
    const roots = [];
    for (const node of shown.values()) {
      const seen = new Set([node.key]);
      let above = parents.get(node.key);
      while (above && !shown.has(above) && !seen.has(above)) {
        seen.add(above);
        above = parents.get(above);
      }
      const parent = above && above !== node.key ? shown.get(above) : null;
      (parent ? parent.below : roots).push(node);
    }
    const ordered = [];
    const walk = (nodes, depth, done) => {
      nodes.sort((one, other) => collator.compare(one.key, other.key));
      for (const node of nodes) {
        if (done.has(node)) continue;
        done.add(node);
        ordered.push({ ...node, depth });
        walk(node.below, depth + 1, done);
      }
    };
    walk(roots, 0, new Set());
    return ordered;
  }

  function ledger(label, rows, { columns, cells, foot, parents, drill, controls = true, level = 2 }) {
    const nodes = grown(rows, parents);
    const lines = nodes.map((node, index) => {
      const last = index + 1 === nodes.length || nodes[index + 1].depth <= node.depth;
      const toggle = h("button", { type: "button", class: last ? "toggle none" : "toggle", "aria-expanded": last ? null : "true", "aria-label": last ? null : _("Accounts below {account}", { account: node.code }), disabled: last });
      const opens = drill && drill(node);
      const name = opens
        ? h("button", { type: "button", class: "plain name", onclick: () => opens() }, h("bdi", {}, node.name || node.code))
        : h("span", { class: "name" }, h("bdi", {}, node.name || node.code));
      const code = node.name && node.code && node.code !== shared.result ? h("span", { class: "code" }, h("bdi", {}, node.code)) : null;
      const row = h("tr", { class: node.summary ? "sum" : null, "data-code": node.code },
        h("th", { scope: "row" }, h("div", { class: `account d${Math.min(node.depth, 6)}` }, toggle, code, name)),
        cells(node));
      toggle.addEventListener("click", () => {
        toggle.setAttribute("aria-expanded", toggle.getAttribute("aria-expanded") === "true" ? "false" : "true");
        redraw();
      });
      return { node, row, toggle, last };
    });
    let wanted = "";
    function redraw() {
      let hiddenBelow = Infinity;
      const hits = wanted ? matches() : null;
      for (const [place, { node, row, toggle }] of lines.entries()) {
        if (hits) {
          row.hidden = !hits.has(place);
          continue;
        }
        if (node.depth <= hiddenBelow) hiddenBelow = Infinity;
        row.hidden = node.depth > hiddenBelow;
        if (!row.hidden && toggle.getAttribute("aria-expanded") === "false") hiddenBelow = node.depth;
      }
    }
    function matches() {
      const hits = new Set();
      const path = [];
      lines.forEach(({ node }, place) => {
        path.length = node.depth;
        path.push(place);
        if (bare(`${node.code} ${node.name}`).includes(wanted)) path.forEach((above) => hits.add(above));
      });
      return hits;
    }
    function expand(depth) {
      for (const { node, toggle, last } of lines) if (!last) toggle.setAttribute("aria-expanded", node.depth < depth ? "true" : "false");
      redraw();
    }
    expand(level);
    const table = h("table", {}, h("caption", { class: "sr" }, label), head([[_("Account")], ...columns.map((column) => [column, true])]),
      h("tbody", {}, lines.map(({ row }) => row)), foot ? h("tfoot", {}, foot) : null);
    const bar = controls && h("div", { class: "bar" },
      h("input", { type: "search", placeholder: _("Find an account"), "aria-label": _("Find an account"), oninput: (event) => { wanted = bare(event.target.value.trim()); redraw(); } }),
      h("button", { type: "button", class: "button", onclick: () => expand(Infinity) }, _("Expand all")),
      h("button", { type: "button", class: "button", onclick: () => expand(0) }, _("Collapse all")));
    return [bar, region(label, table)];
  }

  const footRow = (label, cells) => h("tr", {}, h("th", { scope: "row" }, label), cells);

  // One company

  const loaded = new Map();
  function companyData(id) {
    if (!loaded.has(id)) {
      const element = [...document.querySelectorAll("script[data-company]")].find((one) => one.dataset.company === id);
      if (!element) return null;
      const data = parse(element);
      data.parents = new Map(data.accounts.map(([code, , parent]) => [code, parent]));
      data.names = new Map(data.accounts.map(([code, name]) => [code, name]));
      loaded.set(id, data);
    }
    return loaded.get(id);
  }
  const address = (id, end, tab) => `${shared.files[id] || ""}#/c/${encodeURIComponent(id)}/${end}${tab ? `/${tab}` : ""}`;
  const rowsOf = (data, end) => (data.trial[end] || []).map(([account, opening, debit, credit, closing, entries, before]) => {
    const [code, name, , summary] = data.accounts[account];
    return { code, name, summary, opening, debit, credit, closing, entries: entries || "0", before: before || closing };
  });
  // The year's chart may differ from another's: a period's own rows say what lies above what.
  function parentsAt(data, end) {
    const parents = new Map(data.parents);
    for (const [account] of data.trial[end] || []) parents.set(data.accounts[account][0], data.accounts[account][2]);
    return parents;
  }

  function drillInto(data, end, code) {
    const dialog = byId("drill");
    const found = (data.postings[end] || {})[code] || [];
    const trial = rowsOf(data, end).find((row) => row.code === code);
    const name = (trial && trial.name) || data.names.get(code) || "";
    const omitted = (data.left_out[end] || 0) > 0;
    const title = h("h2", { id: "drill-title" }, h("bdi", {}, `${code} ${name}`), h("p", { class: "note" }, `${data.name} · ${periodLabel(end)}`));
    const close = h("button", { type: "button", class: "button", onclick: () => dialog.close() }, _("Close"));
    let body;
    if (omitted) {
      body = empty(_("The postings of this period are not in this file."), _("It has {number}; render with a larger --postings to have them.", { number: String(data.left_out[end]) }));
    } else if (!found.length) {
      body = empty(_("No postings."), _("The account did not move in this period."));
    } else {
      const debit = sum(found.map((line) => line[6]));
      const credit = sum(found.map((line) => line[7]));
      const agrees = trial && isZero(sum([debit, negated(trial.debit)])) && isZero(sum([credit, negated(trial.credit)]));
      const kinds = { CLOSING: _("closing entry"), LATE: _("late entry") };
      body = [
        h("div", { class: "scroll" }, h("table", {}, h("caption", { class: "sr" }, _("Postings")),
          head([[_("Date")], [_("Entry")], [_("Description")], [_("Document")], [_("Customer or supplier")], [_("Cost centre")], [_("Debit"), true], [_("Credit"), true]]),
          h("tbody", {}, found.map(([date, entry, text, document_, entity, center, left, right, kind]) => h("tr", {},
            h("td", {}, day(date)), h("td", {}, h("bdi", {}, entry)),
            h("td", { class: "text" }, h("bdi", {}, text), kind ? h("span", { class: "count" }, kinds[kind] || kind) : null),
            h("td", {}, h("bdi", {}, document_)), h("td", {}, h("bdi", {}, entity)), h("td", {}, h("bdi", {}, center)),
            isZero(left) ? h("td", { class: "n" }, "") : amountCell(left), isZero(right) ? h("td", { class: "n" }, "") : amountCell(right)))),
          h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: "6" }, _("Sum of the postings")), amountCell(debit), amountCell(credit))))),
        h("p", { class: "check" }, fact(agrees ? "yes" : "no"), " ", agrees ? _("Equal to the debits and credits of the trial balance.") : _("Unlike the trial balance: debits {debit}, credits {credit}.", { debit: trial ? digits(trial.debit) : "—", credit: trial ? digits(trial.credit) : "—" })),
      ];
    }
    dialog.replaceChildren(h("header", {}, title, close), ...[body].flat());
    dialog.showModal();
  }

  const panels = {
    trial: { title: () => _("Trial balance"), draw: drawTrial },
    income: { title: () => _("Income statement"), draw: drawIncome },
    sheet: { title: () => _("Balance sheet"), draw: drawSheet },
    centers: { title: () => _("Cost centres"), draw: drawCenters },
    findings: { title: () => _("Findings"), draw: drawFindings, count: (data, end) => (data.findings[end] || []).length },
    changes: { title: () => _("What changed"), draw: drawCompanyChanges, count: (data) => data.restatements.length },
    ecd: { title: () => _("Filed ledger (ECD)"), draw: drawEcd, count: (data, end) => (data.differences[end] || []).length, only: (data, end) => statusAt(data, end).ecd !== null },
  };
  const statusAt = (data, end) => data.periods.find((one) => one.end === end) || data.periods[data.periods.length - 1];

  function drawTrial(data, end) {
    const rows = rowsOf(data, end);
    if (!rows.length) return empty(_("No account has a balance or a movement in this period."));
    const closing = rows.some((row) => !isZero(row.entries));
    const analytic = rows.filter((row) => !row.summary);
    const total = (key) => sum(analytic.map((row) => row[key]));
    const columns = [_("Opening balance"), _("Debit"), _("Credit"), _("Closing balance"), ...(closing ? [_("Closing entries"), _("Before closing")] : [])];
    return ledger(_("Trial balance"), rows, {
      columns, parents: parentsAt(data, end),
      drill: (node) => !node.summary && (!isZero(node.debit) || !isZero(node.credit)) && (() => drillInto(data, end, node.code)),
      cells: (row) => [amountCell(row.opening, { balance: true }), amountCell(row.debit), amountCell(row.credit), amountCell(row.closing, { balance: true }),
        ...(closing ? [amountCell(row.entries, { balance: true }), amountCell(row.before, { balance: true })] : [])],
      foot: footRow(_("Sum of the analytic accounts"), [amountCell(total("opening"), { balance: true }), amountCell(total("debit")), amountCell(total("credit")), amountCell(total("closing"), { balance: true }),
        ...(closing ? [amountCell(total("entries"), { balance: true }), amountCell(total("before"), { balance: true })] : [])]),
    });
  }

  function drawIncome(data, end) {
    const rows = (data.income[end] || []).map(([code, name, summary, month, ytd, prior]) => ({ code, name, summary, month, ytd, prior }));
    if (!rows.length) return empty(_("No revenue and no expense yet in this fiscal year."));
    const analytic = rows.filter((row) => !row.summary);
    return [ledger(_("Income statement"), rows, {
      columns: [_("Period"), _("Year to date"), _("Year before, to date")], parents: parentsAt(data, end),
      drill: (node) => !node.summary && !isZero(node.month) && (() => drillInto(data, end, node.code)),
      cells: (row) => [amountCell(row.month), amountCell(row.ytd), amountCell(row.prior)],
      foot: footRow(_("Result"), ["month", "ytd", "prior"].map((key) => amountCell(analytic.some((row) => row[key] !== null) ? sum(analytic.map((row) => row[key])) : null))),
    }), h("p", { class: "note" }, _("Revenue positive, expense negative; closing entries are left out."))].flat();
  }

  function drawSheet(data, end) {
    const rows = (data.sheet[end] || []).map(([code, name, summary, type, amount]) => ({ code, name: code === shared.result ? _("Result not yet closed") : name, summary, type, amount }));
    if (!rows.length) return empty(_("No balance yet."));
    const parts = [[_("Assets"), ["ASSET"], _("Total assets")], [_("Liabilities and equity"), ["LIABILITY", "EQUITY"], _("Total liabilities and equity")]];
    const totals = [];
    const drawn = parts.map(([label, types, total]) => {
      const mine = rows.filter((row) => types.includes(row.type));
      const amount = sum(mine.filter((row) => !row.summary).map((row) => row.amount));
      totals.push(amount);
      return [h("h3", {}, label), ledger(label, mine, {
        columns: [_("Balance")], parents: parentsAt(data, end), controls: false,
        drill: (node) => !node.summary && rowsOf(data, end).some((row) => row.code === node.code && !(isZero(row.debit) && isZero(row.credit))) && (() => drillInto(data, end, node.code)),
        cells: (row) => [amountCell(row.amount)], foot: footRow(total, [amountCell(amount)]),
      })];
    });
    const off = sum([totals[0], negated(totals[1])]);
    return [...drawn.flat(2), h("p", { class: "check" }, fact(isZero(off) ? "yes" : "no"), " ", isZero(off) ? _("Assets equal liabilities and equity.") : _("Assets and liabilities with equity differ by {amount}.", { amount: written(off) }))];
  }

  function drawCenters(data, end) {
    const lines = data.centers[end] || [];
    if (!lines.length) return empty(_("No result by cost centre."), _("The ERP names none, or there is no revenue and no expense yet."));
    const rows = [];
    const parents = new Map();
    const accounts = new Map(lines.map(([, code]) => [code, data.names.get(code) || ""]));
    for (const center of new Set(lines.map((line) => line[0]))) {
      const mine = lines.filter((line) => line[0] === center);
      const label = center === "(none)" ? _("Without a cost centre") : center;
      rows.push({ key: label, code: "", name: label, summary: true, month: sum(mine.map((line) => line[2])), ytd: sum(mine.map((line) => line[3])) });
      for (const [, code, month, ytd] of mine) {
        const key = `${label} ${code}`;
        rows.push({ key, code, name: accounts.get(code), summary: false, month, ytd });
        parents.set(key, label);
      }
    }
    const shown = ledger(_("Cost centres"), rows, {
      columns: [_("Period"), _("Year to date")], parents, level: 0,
      drill: (node) => !node.summary && !isZero(node.month) && (() => drillInto(data, end, node.code)),
      cells: (row) => [amountCell(row.month), amountCell(row.ytd)],
      foot: footRow(_("Result"), [amountCell(sum(lines.map((line) => line[2]))), amountCell(sum(lines.map((line) => line[3])))]),
    });
    return [...shown, h("p", { class: "note" }, _("What has no cost centre is a line of its own, so that the sum is the result."))];
  }

  function drawFindings(data, end) {
    const found = data.findings[end] || [];
    if (!found.length) return empty(_("No findings."), _("Every check of this period passed."));
    return h("div", { class: "card" }, found.map((one) => h("article", { class: "finding" },
      h("span", { class: `mark f-${one.severity === "error" ? "no" : "some"}`, "aria-hidden": "true" }, one.severity === "error" ? "✕" : "!"),
      h("h2", {}, one.title, h("span", { class: "sr" }, one.severity === "error" ? ` (${_("error")})` : ` (${_("warning")})`)),
      h("p", {}, h("bdi", {}, one.message)),
      h("p", { class: "do" }, one.do))));
  }

  function changesTable(rows, company) {
    const columns = [...(company ? [] : [[_("Company")]]), [_("Period")], [_("Account")], [_("Debit before"), true], [_("Debit after"), true], [_("Credit before"), true], [_("Credit after"), true], [_("Difference"), true], [_("Seen on")]];
    return region(_("What changed"), h("table", {}, h("caption", { class: "sr" }, _("What changed")), head(columns),
      h("tbody", {}, rows.map(([id, end, code, debitBefore, debitAfter, creditBefore, creditAfter, delta, seen]) => h("tr", {},
        company ? null : h("th", { scope: "row" }, h("a", { href: address(id, end, "changes") }, shared.names[id] || id)),
        company ? h("th", { scope: "row" }, periodLabel(end)) : h("td", {}, periodLabel(end)), h("td", {}, h("bdi", {}, company ? `${code} ${company.names.get(code) || ""}` : code)),
        amountCell(debitBefore), amountCell(debitAfter), amountCell(creditBefore), amountCell(creditAfter), amountCell(delta, { balance: true }), h("td", {}, seen)))),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: company ? "2" : "3" }, _("Sum")), ...[3, 4, 5, 6].map((place) => amountCell(sum(rows.map((row) => row[place])))), amountCell(sum(rows.map((row) => row[7])), { balance: true }), h("td", {})))));
  }

  const nothingChanged = () => empty(_("Nothing has changed."), _("No closed period has other movements than when it was first seen closed."));
  function drawCompanyChanges(data) {
    return data.restatements.length ? changesTable(data.restatements.map((row) => [data.id, ...row]), data) : nothingChanged();
  }

  function drawEcd(data, end) {
    const found = data.differences[end] || [];
    if (!found.length) return empty(_("Equal to the filed ledger."), _("Every account opens, moves and closes as in the ECD."));
    const said = { ONLY_CLOSING: _("closing entries only"), NOT_IN_ERP: _("not in the ERP"), NOT_IN_ECD: _("not in the ECD"), DIFFERS: _("differs"), AMBIGUOUS_CODE: _("several accounts fit") };
    return region(_("Filed ledger (ECD)"), h("table", {}, h("caption", { class: "sr" }, _("Filed ledger (ECD)")),
      head([[_("Account")], [_("Account in the ECD")], [_("Verdict")], [_("Debit, ERP"), true], [_("Debit, ECD"), true], [_("Credit, ERP"), true], [_("Credit, ECD"), true], [_("Closing, ERP"), true], [_("Closing, ECD"), true]]),
      h("tbody", {}, found.map(([code, other, status, ...amounts]) => h("tr", {}, h("th", { scope: "row" }, h("bdi", {}, `${code} ${data.names.get(code) || ""}`)), h("td", {}, h("bdi", {}, other)), h("td", {}, said[status] || status),
        amounts.map((amount, place) => amountCell(amount, { balance: place > 3 })))))));
  }

  function facts(status) {
    const items = [];
    const say = (kind, text) => items.push(h("li", {}, fact(kind), text));
    const yes = (value, good, bad, unknown) => say(value === null ? "some" : value ? "yes" : "no", value === null ? unknown : value ? good : bad);
    items.push(h("li", {}, mark(status.state), shared.states[status.state]));
    say(status.read === "—" ? "none" : "yes", _("read {when}", { when: status.read }));
    yes(status.balanced, _("balanced"), _("not balanced"), _("balance unknown"));
    yes(status.reconciled, _("reconciled"), _("not reconciled"), _("postings not read"));
    if (status.ecd !== null) yes(status.ecd, _("equal to the ECD"), _("unlike the ECD"), "");
    if (status.signed_by) say(status.state === "changed" ? "no" : "yes", _("signed by {name}, {when}", { name: status.signed_by, when: status.signed_at }));
    if (status.restated) say("some", _("accounts restated: {number}", { number: String(status.restated) }));
    return h("ul", { class: "facts" }, items);
  }

  function drawCompany(id, end, tab) {
    const data = companyData(id);
    const view = byId("view-company");
    if (!data) {
      view.replaceChildren(empty(_("There is no such company in this file."), id));
      return _("Monthly close");
    }
    const ends = data.periods.map((one) => one.end);
    if (!ends.includes(end)) end = ends.includes(shared.shown) ? shared.shown : ends[ends.length - 1];
    const status = statusAt(data, end);
    const place = ends.indexOf(end);
    const open = Object.keys(panels).filter((key) => !panels[key].only || panels[key].only(data, end));
    if (!open.includes(tab)) tab = "trial";
    const go = (to) => { location.hash = `#/c/${encodeURIComponent(id)}/${to}/${current()}`; };
    const chooser = h("select", { "aria-label": _("Period"), onchange: (event) => go(event.target.value) }, [...ends].reverse().map((one) => h("option", { value: one, selected: one === end }, periodLabel(one))));
    const tabs = open.map((key) => {
      const count = panels[key].count ? panels[key].count(data, end) : 0;
      return h("button", { type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `panel-${key}`, "aria-selected": String(key === tab), tabindex: key === tab ? "0" : "-1", onclick: () => choose(key) }, panels[key].title(), count ? h("span", { class: "count" }, String(count)) : null);
    });
    const current = () => open[tabs.findIndex((one) => one.getAttribute("aria-selected") === "true")];
    const drawn = open.map((key) => h("div", { role: "tabpanel", class: "panel", id: `panel-${key}`, "aria-labelledby": `tab-${key}`, hidden: key !== tab }, h("h2", {}, `${panels[key].title()} · ${periodLabel(end)}`), ...[panels[key].draw(data, end)].flat(3).filter(Boolean)));
    function choose(key) {
      tabs.forEach((one, index) => { one.setAttribute("aria-selected", String(open[index] === key)); one.tabIndex = open[index] === key ? 0 : -1; });
      drawn.forEach((panel, index) => { panel.hidden = open[index] !== key; });
      history.replaceState(null, "", `#/c/${encodeURIComponent(id)}/${end}/${key}`);
    }
    const strip = h("ul", { class: "strip noprint", "aria-label": _("Periods") }, data.periods.map((one, index) => h("li", {}, h("a", { href: `#/c/${encodeURIComponent(id)}/${one.end}/${tab}`, "aria-current": one.end === end ? "true" : null, title: `${periodLabel(one.end)}: ${shared.states[one.state]}` }, mark(one.state), shared.shorts[one.end] || one.end, index === 0 || one.end.slice(5, 7) === "01" ? `/${one.end.slice(2, 4)}` : null, h("span", { class: "sr" }, ` ${shared.states[one.state]}`)))));
    view.replaceChildren(
      h("h1", {}, h("bdi", {}, data.name)),
      data.currency ? h("p", { class: "lede" }, _("Amounts in {currency}.", { currency: data.currency })) : "",
      h("div", { class: "bar noprint" },
        h("button", { type: "button", class: "button", disabled: place === 0, "aria-label": _("Period before"), onclick: () => go(ends[place - 1]) }, "‹"), chooser,
        h("button", { type: "button", class: "button", disabled: place === ends.length - 1, "aria-label": _("Period after"), onclick: () => go(ends[place + 1]) }, "›")),
      facts(status),
      status.objections ? h("p", { class: "note" }, _("Signed although: {reasons}.", { reasons: status.objections })) : "",
      status.note ? h("p", { class: "note" }, h("bdi", {}, `“${status.note}”`)) : "",
      status.state === "ready" || status.state === "changed" ? h("p", { class: "note noprint" }, _("To sign:"), " ", h("code", {}, `close-report sign --company ${quoted(id)} --period ${end.slice(0, 7)} --by "…"`)) : "",
      strip,
      h("div", { class: "tabs", role: "tablist", "aria-label": _("Views"), onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
        choose(open[next]);
        tabs[next].focus();
        event.preventDefault();
      } }, tabs),
      ...drawn);
    const active = view.querySelector(".strip [aria-current]");
    if (active) active.parentElement.parentElement.scrollLeft = active.offsetLeft - 200;
    return `${data.name} · ${periodLabel(end)}`;
  }
  const quoted = (text) => (/^[\w.-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`);

  // The holding's other pages

  function drawChanges() {
    byId("view-changes").replaceChildren(h("h1", {}, _("What changed")),
      h("p", { class: "lede" }, _("Accounts of closed periods whose movements are no longer what they were when the period was first seen closed.")), h("p", {}),
      shared.restatements.length ? changesTable(shared.restatements, null) : nothingChanged());
    return _("What changed");
  }

  function drawGroup(end) {
    const view = byId("view-group");
    const ends = Object.keys(shared.consolidated).sort();
    const parts = [h("h1", {}, _("Consolidation"))];
    if (!ends.length) {
      view.replaceChildren(...parts, empty(_("Nothing is consolidated yet."), _("Map the companies' accounts to the group's chart in the seeds account_map and group_accounts, and build again.")), ...unmapped());
      return _("Consolidation");
    }
    if (!ends.includes(end)) end = ends.includes(shared.shown) ? shared.shown : ends[ends.length - 1];
    parts.push(h("div", { class: "bar noprint" }, h("select", { "aria-label": _("Period"), onchange: (event) => { location.hash = `#/group/${event.target.value}`; } }, [...ends].reverse().map((one) => h("option", { value: one, selected: one === end }, periodLabel(one))))));
    parts.push(h("p", { class: "lede" }, periodLabel(end), shared.currency ? ` · ${_("Amounts in {currency}.", { currency: shared.currency })}` : null));
    const line = ([code, name, statement, ...amounts]) => h("tr", {}, h("th", { scope: "row" }, h("div", { class: "account" }, name === code ? null : h("span", { class: "code" }, h("bdi", {}, code)), h("span", { class: "name" }, h("bdi", {}, name)))), amounts.map((amount) => amountCell(amount, { balance: statement !== "PL" })));
    for (const [title, total, isResult] of [[_("Balance sheet"), _("Sum of the balances"), false], [_("Income statement, year to date"), _("Result"), true]]) {
      const rows = shared.consolidated[end].filter((row) => (row[2] === "PL") === isResult);
      if (!rows.length) continue;
      parts.push(h("h2", {}, title), region(title, h("table", { class: "consolidated" }, h("caption", { class: "sr" }, title), head([[_("Account of the group")], [_("Aggregated"), true], [_("Eliminated"), true], [_("Consolidated"), true]]),
        h("tbody", {}, rows.map(line)),
        h("tfoot", {}, footRow(total, [3, 4, 5].map((place) => amountCell(sum(rows.map((row) => row[place])), { balance: !isResult })))))));
      if (!isResult) parts.push(h("p", { class: "note" }, _("Assets less liabilities and equity: the result that is not closed yet.")));
    }
    const pairs = shared.eliminations[end] || [];
    parts.push(h("h2", {}, _("Eliminations between companies")));
    if (pairs.length) {
      const off = pairs.filter((pair) => pair[5] !== null && !isZero(pair[5]));
      parts.push(region(_("Eliminations between companies"), h("table", { id: "eliminations" }, h("caption", { class: "sr" }, _("Eliminations between companies")), head([[_("Account of the group")], [_("Company")], [_("With")], [_("Amount"), true], [_("Difference"), true]]),
        h("tbody", {}, pairs.map(([, name, id, other, amount, difference, isResult]) => h("tr", {}, h("th", { scope: "row" }, h("bdi", {}, name)), h("td", {}, shared.names[id] || id), h("td", {}, shared.names[other] || other), amountCell(amount, { balance: !isResult }), amountCell(difference, { balance: !isResult }))))))
      );
      parts.push(h("p", { class: "check" }, fact(off.length ? "no" : "yes"), " ", off.length ? _("Pairs that disagree: {number}. What one company has, the other has not; the difference is shown, not netted away.", { number: String(new Set(off.map((pair) => [pair[2], pair[3]].sort().join("\n"))).size) }) : _("Both sides of every pair agree.")));
    } else parts.push(empty(_("Nothing was eliminated in this period.")));
    view.replaceChildren(...parts, ...unmapped());
    return `${_("Consolidation")} · ${periodLabel(end)}`;
  }
  function unmapped() {
    if (!shared.unmapped.length) return [];
    return [h("h2", {}, _("Accounts that nothing maps"), h("span", { class: "count" }, String(shared.unmapped.length))), h("p", { class: "note" }, _("They are in no figure of the consolidation: add them to account_map.")),
      region(_("Accounts that nothing maps"), h("table", {}, h("caption", { class: "sr" }, _("Accounts that nothing maps")), head([[_("Company")], [_("Account")], [_("Closing balance"), true]]), h("tbody", {}, shared.unmapped.map(([id, code, name, amount]) => h("tr", {}, h("th", { scope: "row" }, shared.names[id] || id), h("td", {}, h("bdi", {}, `${code} ${name}`)), amountCell(amount, { balance: true }))))))];
  }

  // The overview's controls

  const factKinds = { y: ["yes", "✓"], n: ["no", "✕"], s: ["some", "!"], "-": ["none", "·"] };
  const words = { y: _("yes"), n: _("no"), s: _("attention"), "-": _("none") };
  if (byId("facts")) {
    const cells = [...document.querySelectorAll("#matrix a.mark")].map((cell) => ({ cell, state: cell.className, glyph: cell.firstChild.textContent, label: cell.lastChild.textContent }));
    byId("facts").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      for (const one of byId("facts").children) one.setAttribute("aria-pressed", String(one === button));
      const place = Number(button.dataset.fact);
      for (const { cell, state, glyph, label } of cells) {
        const [kind, sign] = place ? factKinds[cell.dataset.facts[place - 1]] : [null, glyph];
        cell.className = kind ? `mark f-${kind}` : state;
        cell.firstChild.textContent = sign;
        cell.lastChild.textContent = kind ? `${cell.dataset.period || label.split(":")[0]}: ${button.textContent} ${words[cell.dataset.facts[place - 1]]}` : label;
      }
    });
    const box = document.querySelector(".matrix .scroll");
    box.scrollLeft = box.scrollWidth;
  }
  const find = byId("find-company");
  if (find) find.addEventListener("input", () => {
    const wanted = bare(find.value.trim());
    for (const row of document.querySelectorAll("#matrix tbody tr, #results tbody tr")) row.hidden = !bare(row.querySelector("th").textContent).includes(wanted);
  });
  const companies = byId("companies");
  if (companies) companies.addEventListener("change", () => { if (companies.value) location.href = companies.value; });

  function route() {
    const parts = location.hash.replace(/^#\/?/, "").split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
    const company = parts[0] === "c" ? parts[1] : shared.only;
    const name = company ? "company" : parts[0] === "changes" && byId("view-changes") ? "changes" : parts[0] === "group" && byId("view-group") ? "group" : "holding";
    for (const view of ["holding", "company", "changes", "group"]) if (byId(`view-${view}`)) byId(`view-${view}`).hidden = view !== name;
    for (const link of document.querySelectorAll(".top nav a")) {
      if (link.dataset.view === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (byId("drill").open) byId("drill").close();
    let title = shared.title;
    if (name === "company") title = drawCompany(company, parts[2], parts[3]);
    else if (name === "changes") title = drawChanges();
    else if (name === "group") title = drawGroup(parts[1]);
    document.title = title;
    if (companies) companies.value = company ? [...companies.options].map((one) => one.value).find((value) => value.includes(`/c/${encodeURIComponent(company)}`)) || "" : "";
  }
  let before = location.hash;
  window.addEventListener("hashchange", () => {
    const moved = before.split("/").slice(0, 3).join("/") !== location.hash.split("/").slice(0, 3).join("/");
    before = location.hash;
    route();
    if (moved) { window.scrollTo(0, 0); byId("content").focus({ preventScroll: true }); }
  });
  route();
})();
