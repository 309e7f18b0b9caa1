// Every page opens with the data of a real engine, says nothing wrong to the console, and takes a planted script for the text it is.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStage, type Stage } from "./stage.ts";

const PAGES = [
  "/",
  "/inbox",
  "/graph",
  "/assets",
  "/a/raw.orders/overview",
  "/a/raw.customers/data",
  "/runs",
  "/automations",
  "/partitions",
  "/backfills",
  "/quality",
  "/quarantine",
  "/changes",
  "/sql",
  "/settings",
];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

describe("a page", () => {
  it.each(PAGES)("%s opens, has one heading of its own and no errors", async (path) => {
    const visitor = await stage.visit();
    await visitor.page.goto(stage.url() + path);
    await visitor.page.getByRole("heading", { level: 1 }).waitFor();
    expect(await visitor.page.getByRole("heading", { level: 1 }).count()).toBe(1);
    await visitor.page.waitForTimeout(500);
    expect(await visitor.page.title()).not.toContain("owned");
    expect(visitor.errors).toEqual([]);
    await visitor.close();
  });
});
