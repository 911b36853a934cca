/** An error answer in AWS's form. */
export class Refusal extends Error {
	readonly status: number;
	readonly code: string;
	/** Told where the region is what was wrong. */
	readonly region: string | null;

	constructor(status: number, code: string, region: string | null = null) {
		super(code);
		this.status = status;
		this.code = code;
		this.region = region;
	}

	toXml(): string {
		const region = this.region === null ? "" : `<Region>${this.region}</Region>`;
		return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${this.code}</Code><Message>${this.code} (fake)</Message>${region}<RequestId>1</RequestId></Error>`;
	}
}
