/** The answer before anybody has entered something: nothing that a person hasn't said may be sent in their name. */
import { isRequired, kindOf, propertiesOf, resolve, type Schema } from "../start/schema";

/** Returns the defaults that the form declares, and `false` for boxes that must be there and aren't ticked. */
export function beginning(form: Schema): Record<string, unknown> {
  const whole = resolve(form, form);
  const found: Record<string, unknown> = {};
  for (const [name, part] of propertiesOf(whole)) {
    const field = resolve(part, form);
    if (field.default !== undefined) found[name] = field.default;
    else if (kindOf(field) === "boolean" && isRequired(whole, name)) found[name] = false;
  }
  return found;
}
