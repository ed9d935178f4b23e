/**
 * The part of Standard Schema (standardschema.dev) that is used: zod, valibot, arktype and others have it. Structural, so that the
 * package depends on none.
 */
export interface Schema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** Of a check: the value, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/** Whether a value has the shape. A schema that throws is a shape that does not fit. */
export async function fits(schema: Schema, value: unknown): Promise<boolean> {
  try {
    return (await schema['~standard'].validate(value)).issues === undefined;
  } catch {
    return false;
  }
}
