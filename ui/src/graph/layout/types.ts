// What a layout takes and gives. Pure values, so that it runs in a worker and in a test alike.

export interface LayoutNode {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface LayoutEdge {
  /** Places in the list of nodes; `from` is read by `to`. */
  readonly from: number;
  readonly to: number;
}

export interface LayoutInput {
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly LayoutEdge[];
  /** Where nodes stood before, by id: they stay there as far as what is new lets them. */
  readonly before?: ReadonlyMap<string, Point>;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  /** Left upper corners, in the order of the nodes. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Which column of the picture each stands in. */
  readonly layer: Int32Array;
  /** Per edge the points it goes through: x, y, x, y … from the right side of `from` to the left side of `to`. */
  readonly routes: readonly Float64Array[];
  readonly width: number;
  readonly height: number;
  /** Crossings of edges between neighbouring layers. */
  readonly crossings: number;
}

/** Space between layers and between nodes of one. */
export const LAYER_GAP = 96;
export const NODE_GAP = 18;
/** Height that an edge takes where it passes through a layer. */
export const LANE_HEIGHT = 10;
