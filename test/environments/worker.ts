// Promotes, takes back and collects without end, until it is killed.
import { openWarehouse } from "../../src/sql/warehouse.ts";
import { collectAll, flip, names, promoteAll, publishAll } from "./shop.ts";

const [path = "", assets = "12", from = "0"] = process.argv.slice(2);
const all = names(Number(assets));
const warehouse = await openWarehouse({ path, threads: 1 });
process.send?.("ready");
for (let round = Number(from); ; round++) {
  await publishAll(warehouse, all, "dev", round);
  await promoteAll(warehouse, "dev");
  for (let times = 0; times < round % 3; times++) await flip(warehouse);
  if (round % 2 === 1) await collectAll(warehouse);
}
