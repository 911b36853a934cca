/** Sending a state, as `push` and `release` do. */
import type { Uploaded } from "../../../api/units.ts";
import type { Cli } from "../../context.ts";
import { withState } from "./state-file.ts";

export async function uploadState(
	cli: Cli,
	id: string,
	file: string,
	options: { ifLockedBy?: string | undefined; force?: boolean | undefined },
): Promise<Uploaded> {
	const client = await cli.client();
	return await withState(cli, file, async (body) => {
		const progress = cli.progress("uploading", body.bytes);
		try {
			return await client.upload(id, body, {
				...options,
				signal: cli.signal,
				onSent: progress.moved,
			});
		} finally {
			progress.stop();
		}
	});
}
