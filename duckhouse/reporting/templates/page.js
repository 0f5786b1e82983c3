// what a link points to is shown also by browsers that do not open a <details> themselves; paper shows everything
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = [];
  for (let one = target?.closest("details"); one; one = one.parentElement.closest("details")) {
    if (!one.open) folded.push(one);
  }
  folded.forEach((one) => { one.open = true; });
  if (folded.length) target.scrollIntoView();
}
let opened = [];
addEventListener("hashchange", reveal);
addEventListener("load", reveal);
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));
