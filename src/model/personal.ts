// Names of columns and fields that tell of persons.
const PERSONAL =
  /^(e_?mail|phone|mobile|telephone|ssn|iban|passport|birth_?(date|day)|dob|first_?name|last_?name|surname|full_?name|street|address|ip_?address|card_?(no|number))(_|$)|_(e_?mail|phone|ssn|iban|passport|dob|address)$/i;

/** What has such a name is personal although nobody declared it. */
export function tellsOfPersons(name: string): boolean {
  return PERSONAL.test(name);
}
