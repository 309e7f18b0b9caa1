import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closeTemp, openTemp } from "./temp.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "millrace-temp-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("temporary folders", () => {
  it("of processes that are gone are removed, of those that live are kept", () => {
    const mine = openTemp(root);
    writeFileSync(join(mine, "x"), "");
    const host = basename(mine).split(".")[0]!;
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    for (const name of [`${host}.${gone}.aaaaaa`, `${host}.${process.ppid}.bbbbbb`, `${host}.${process.pid}.cccccc`, "elsewhere.1.dddddd"])
      mkdirSync(join(root, name));
    mkdirSync(join(root, "t-before"));
    utimesSync(join(root, "t-before"), new Date("2020-01-01"), new Date("2020-01-01"));
    const second = openTemp(root);
    expect(readdirSync(root).toSorted()).toEqual(
      [basename(mine), basename(second), `${host}.${process.ppid}.bbbbbb`, "elsewhere.1.dddddd"].toSorted(),
    );
    closeTemp(mine);
    expect([existsSync(mine), existsSync(second)]).toEqual([false, true]);
    closeTemp(second);
  });
});
