// json-rules-engine: an engine for each code, one rule for each of its rows; the highest priority answers.
// FOLDER CALLS; the questions come from the environment, answers go to standard error.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const { Engine } = createRequire(`${process.env.MODULES}/`)("json-rules-engine");

const [folder, calls] = process.argv.slice(2);
const rows = JSON.parse(readFileSync(`${folder}/ordered.json`, "utf8"));
const lists = {
  plan_type: "plan_types", line_of_business: "lines_of_business",
  type_of_service: "types_of_service", place_of_service: "places_of_service",
};
// A rule engine compares numbers: days are written as 20261207.
const day = (text) => Number(text.replaceAll("-", ""));
const by = new Map();
rows.forEach((row, index) => {
  const all = [{ fact: "day", operator: "greaterThanInclusive", value: day(row.effective_from) }];
  if (row.effective_to) all.push({ fact: "day", operator: "lessThanInclusive", value: day(row.effective_to) });
  if (row.authorization_type) all.push({ fact: "authorization_type", operator: "equal", value: row.authorization_type });
  for (const [name, values] of Object.entries(lists))
    if (row[values]) all.push({ fact: name, operator: "in", value: row[values] });
  const key = `${row.code_type} ${row.code_from}`;
  if (!by.has(key)) by.set(key, new Engine([], { allowUndefinedFacts: true }));
  by.get(key).addRule({ conditions: { all }, event: { type: row.requirement }, priority: rows.length - index });
});
const asked = JSON.parse(process.env.QUESTIONS);
let told = [];
for (let call = 0; call < Number(calls); call++) {
  told = [];
  for (const question of asked) {
    const engine = by.get(`${question.code_type} ${question.code}`);
    const found = engine ? (await engine.run({ ...question, day: day(question.day) })).events : [];
    told.push(found.length ? found[0].type : "UNABLE_TO_DETERMINE");
  }
}
process.stderr.write(JSON.stringify(told));
