/** What the surfaces are given. */
import type { S3Credentials } from "../../auth/sts/credentials.ts";
import type { Core } from "../../core/core.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Log } from "../../core/ports/log.ts";
import type { Random } from "../../core/ports/random.ts";
import type { Principal } from "../../core/principal.ts";

export interface SurfaceDeps {
	readonly core: Core;
	readonly clock: Pick<Clock, "now">;
	readonly random: Random;
	readonly log: Log;
	/** Largest state. */
	readonly stateBytesMax: number;
	/** Issues credentials for the S3 surface. */
	readonly s3Credentials: { issue(principal: Principal): Promise<S3Credentials> };
	readonly storage: { readonly kind: string; readonly isDurable: boolean };
}
