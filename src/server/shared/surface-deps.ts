/** What the surfaces are given. */
import type { Core } from "../../core/core.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Log } from "../../core/ports/log.ts";
import type { Random } from "../../core/ports/random.ts";

export interface SurfaceDeps {
	readonly core: Core;
	readonly clock: Pick<Clock, "now">;
	readonly random: Random;
	readonly log: Log;
	/** Largest state. */
	readonly stateBytesMax: number;
	readonly storage: { readonly kind: string; readonly isDurable: boolean };
}
