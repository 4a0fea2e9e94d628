// The settings page: whether single keys do something is kept in this browser.
const box = document.getElementById("shortcuts-on");

box.disabled = false;
box.checked = localStorage.getItem("sayso.shortcuts") !== "off";
box.addEventListener("change", () => {
  localStorage.setItem("sayso.shortcuts", box.checked ? "on" : "off");
});
