// Lineage in the languages of others' drawing tools: mermaid and dot. Of an asset the assets are drawn, of a column the columns in their assets.
import type { LineageColumn, LineageGraphAnswer } from "../model/lineage-answers.ts";

interface Picture {
  readonly groups: readonly { readonly name: string; readonly nodes: readonly PictureNode[] }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label: string | null; readonly isCondition: boolean }[];
}

interface PictureNode {
  readonly id: string;
  readonly label: string;
  readonly isTarget: boolean;
}

export function mermaid(graph: LineageGraphAnswer): string {
  const { groups, edges } = pictureOf(graph);
  const label = (text: string): string => `"${text.replaceAll(/[#"<>&\n\r\\`]/g, (sign) => `#${sign.codePointAt(0)};`)}"`;
  const nodes = groups.flatMap(({ name, nodes: own }, index) => {
    const lines = own.map((node) => `${node.id}[${label(node.label)}]${node.isTarget ? ":::asked" : ""}`);
    return graph.column === null
      ? lines.map((line) => `  ${line}`)
      : [`  subgraph g${index}[${label(name)}]`, ...lines.map((line) => `    ${line}`), "  end"];
  });
  const arrows = edges.map(({ from, to, label: told, isCondition }) => {
    const arrow = isCondition ? "-.->" : "-->";
    return `  ${from} ${arrow}${told === null ? "" : `|${label(told)}|`} ${to}`;
  });
  return ["flowchart LR", ...nodes, ...arrows, "  classDef asked stroke-width:3px"].join("\n");
}

export function dot(graph: LineageGraphAnswer): string {
  const { groups, edges } = pictureOf(graph);
  const label = (text: string): string =>
    `"${text
      .replaceAll("\\", "\\\\")
      .replaceAll('"', '\\"')
      .replaceAll(/[\n\r]/g, " ")}"`;
  const nodes = groups.flatMap(({ name, nodes: own }, index) => {
    const lines = own.map((node) => `${node.id} [label=${label(node.label)}${node.isTarget ? ", penwidth=3" : ""}];`);
    return graph.column === null
      ? lines.map((line) => `  ${line}`)
      : [`  subgraph cluster_${index} {`, `    label=${label(name)};`, ...lines.map((line) => `    ${line}`), "  }"];
  });
  const arrows = edges.map(({ from, to, label: told, isCondition }) => {
    const attributes = [...(told === null ? [] : [`label=${label(told)}`]), ...(isCondition ? ["style=dashed"] : [])];
    return `  ${from} -> ${to}${attributes.length === 0 ? "" : ` [${attributes.join(", ")}]`};`;
  });
  return ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];", ...nodes, ...arrows, "}"].join("\n");
}

function pictureOf(graph: LineageGraphAnswer): Picture {
  return graph.column === null ? assetPicture(graph) : columnPicture(graph);
}

function assetPicture({ asset, assets, reads }: LineageGraphAnswer): Picture {
  const ids = new Map(assets.map((each, index) => [each.asset, `n${index}`]));
  return {
    groups: assets.map((each) => ({
      name: each.asset,
      nodes: [{ id: ids.get(each.asset)!, label: each.asset, isTarget: each.asset === asset }],
    })),
    edges: reads.map(({ from, to }) => ({ from: ids.get(from)!, to: ids.get(to)!, label: null, isCondition: false })),
  };
}

function columnPicture({ asset, column, assets, edges, influences }: LineageGraphAnswer): Picture {
  const ids = new Map<string, string>();
  const idOf = ({ asset: at, column: name }: LineageColumn): string => {
    const key = JSON.stringify([at, name]);
    if (!ids.has(key)) ids.set(key, `n${ids.size}`);
    return ids.get(key)!;
  };
  // Files that SQL reads directly are no assets of the project.
  const known = new Set(assets.map((each) => each.asset));
  const outside = edges.map(({ from }) => from.asset).filter((at) => !known.has(at));
  const rows = new Set(influences.map(({ to }) => to));
  const groups = [
    ...assets.map((each) => ({ name: each.asset, columns: [...each.columns, ...(rows.has(each.asset) ? [""] : [])] })),
    ...[...new Set(outside)].map((at) => ({
      name: at,
      columns: [...new Set(edges.filter(({ from }) => from.asset === at).map(({ from }) => from.column))],
    })),
  ];
  return {
    groups: groups.map(({ name, columns }) => ({
      name,
      nodes: columns.map((each) => ({
        id: idOf({ asset: name, column: each }),
        label: each === "" ? "(rows)" : each,
        isTarget: name === asset && each === column,
      })),
    })),
    edges: [
      ...edges.map(({ from, to, kind }) => ({
        from: idOf(from),
        to: idOf(to),
        label: kind === "identity" ? null : kind,
        isCondition: kind === "condition",
      })),
      ...influences
        .filter(({ from }) => known.has(from.asset))
        .map(({ from, to }) => ({ from: idOf(from), to: idOf({ asset: to, column: "" }), label: null, isCondition: true })),
    ],
  };
}
