// Layers that keys and buttons open.
import { signal } from "../data/signal.ts";

export const paletteOpen = signal(false);
export const keysOpen = signal(false);
