import type { z } from "zod";

/** A type as it is after JSON: what is undefined is absent. */
type Wire<Type> = Type extends readonly (infer Item)[]
  ? readonly Wire<Item>[]
  : Type extends object
    ? { readonly [Name in keyof Type as undefined extends Type[Name] ? never : Name]: Wire<Type[Name]> } & {
        readonly [Name in keyof Type as undefined extends Type[Name] ? Name : never]?: Wire<Type[Name]> | undefined;
      }
    : Type;

/**
 * Declares the schema of what is sent as JSON; a schema that allows anything else than the type does not compile.
 *
 * @returns what takes the schema and gives it back
 */
export function describes<Type>(): <Schema extends z.ZodType<Wire<Type>>>(schema: Schema) => Schema {
  return (schema) => schema;
}
