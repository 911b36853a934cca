/** What the surfaces are given. */
import type { Identities } from "../../auth/identity.ts";
import type { S3Credentials } from "../../auth/sts/credentials.ts";
import type { Core } from "../../core/core.ts";
import type { Organizations } from "../../core/organization/organizations.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Log } from "../../core/ports/log.ts";
import type { Random } from "../../core/ports/random.ts";
import type { Principal } from "../../core/principal.ts";

export interface SurfaceDeps {
	/** The core of the organization that the request is about; the default one outside of requests. */
	readonly core: Core;
	readonly organizations: Organizations;
	readonly clock: Pick<Clock, "now">;
	readonly random: Random;
	readonly log: Log;
	/** Largest state. */
	readonly stateBytesMax: number;
	/** Who is calling; opened while the rest is put together. */
	readonly identities: Promise<Identities>;
	/** Under which clients reach the server, without a slash at the end; null: nobody has said. */
	readonly publicBaseUrl: string | null;
	readonly isTls: boolean;
	/** Issues credentials for the S3 surface. */
	readonly s3Credentials: { issue(principal: Principal): Promise<S3Credentials> };
	readonly storage: { readonly kind: string; readonly isDurable: boolean };
}
