/** US dollars for people: `$12.30`. What would round to nothing says so. */
export function dollarText(amount: number): string {
  return amount > 0 && amount < 0.005 ? 'less than $0.01' : `$${amount.toFixed(2)}`;
}
