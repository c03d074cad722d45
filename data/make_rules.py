"""Writes data/sample/rules.csv from the families below: ``python -m data.make_rules``.

A family is what a payer's medical policy speaks of: some codes, what they need, under which conditions. With
``each`` every code becomes a row of its own, as in the lists that payers publish; otherwise a range stays a range.
Which codes need what is made up. Descriptions of codes are licensed and not in here: a family's label is in the
sample payer's own words.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).parent / "sample" / "rules.csv"
HEADER: Final = (
    "rule_id", "code_type", "code_from", "code_to", "requirement", "delegate_id", "authorization_type",
    "plan_types", "effective_from", "effective_to", "lines_of_business", "types_of_service",
    "places_of_service", "auto_approve_max_units", "auto_approve_max_days", "documents_wanted", "label",
    "guidance", "predetermination",
)
IN, OUT = "INPATIENT", "OUTPATIENT"
MSK, RAD, RT, ONC, DME = "EVICORE-MSK", "EVICORE-RAD", "EVICORE-RT", "EVICORE-ONC", "EVICORE-DME"


@dataclass(frozen=True)
class Family:
    """``need``: REQUIRED, NOT_REQUIRED, or the delegate that decides."""

    name: str
    codes: str
    need: str = "REQUIRED"
    setting: str = ""
    label: str = ""
    kind: str = "CPT"
    plans: str = ""
    since: str = "2025-01-01"
    until: str = ""
    lines: str = ""
    types: str = ""
    places: str = ""
    units: str = ""
    days: str = ""
    wants: str = ""
    guidance: str = ""
    voluntary: bool = False
    each: bool = True


def needed(name: str, codes: str, label: str, setting: str = OUT, **more: Any) -> Family:
    return Family(name, codes, "REQUIRED", setting, label, **more)


def free(name: str, codes: str, label: str, setting: str = OUT, **more: Any) -> Family:
    return Family(name, codes, "NOT_REQUIRED", setting, label, **more)


def sent_on(to: str, name: str, codes: str, label: str, setting: str = OUT, **more: Any) -> Family:
    return Family(name, codes, to, setting, label, **more)


def hcpcs(family: Family) -> Family:
    return Family(**{**vars(family), "kind": "HCPCS"})


NO_APPROVAL: Final[dict[str, Any]] = {"setting": "", "each": False}

VISITS: Final = (
    free("VISIT-OFFICE", "99202-99205 99211-99215", "Office visit", setting=""),
    free("VISIT-HOSPITAL", "99221-99223 99231-99236 99238 99239", "Hospital visit", setting=""),
    free("VISIT-EMERGENCY", "99281-99285", "Emergency visit", setting=""),
    free("VISIT-CRITICAL", "99291 99292", "Critical care", setting=""),
    free("VISIT-CONSULT", "99242-99245", "Office consultation"),
    free("VISIT-CONSULT-STAY", "99252-99255", "Hospital consultation", setting=IN),
    free("VISIT-NURSING-HOME", "99304-99318", "Nursing facility visit", until="2025-12-31", **NO_APPROVAL),
    free("VISIT-NURSING-HOME-2026", "99304-99316", "Nursing facility visit", since="2026-01-01", **NO_APPROVAL),
    free("VISIT-HOME", "99341 99342 99344 99345 99347-99350", "Visit at home"),
    free("VISIT-PREVENTIVE", "99381-99387 99391-99397", "Preventive visit", setting=""),
    free("VISIT-COUNSELING", "99401-99404 99406-99409", "Preventive counseling"),
    free("VISIT-NEWBORN", "99460-99465", "Care of the newborn", setting=""),
    free("VISIT-NEONATAL", "99468 99469 99471 99472 99475-99480", "Intensive care of a child", setting=IN),
    free("VISIT-CARE-PLAN", "99495-99498", "Care planning", setting=""),
    free("IMMUNIZATION", "90460 90461 90471-90474", "Giving a vaccine", setting=""),
    free("VACCINE", "90630-90690 90696-90698 90700-90739", "Vaccine", **NO_APPROVAL),
    free("VENIPUNCTURE", "36415 36416", "Taking blood", setting=""),
    free("ANESTHESIA", "00100-01999", "Anesthesia with a service that was approved or needs no approval", **NO_APPROVAL),
    free("ECG", "93000 93005 93010", "Electrocardiogram", setting=""),
    free("ECG-LONG", "93224-93227 93241-93248 93268-93272", "Rhythm recording over days"),
    free("STRESS-TEST", "93015-93018", "Exercise test"),
    free("LUNG-FUNCTION", "94010 94060 94070 94200 94375 94640 94726-94729 94760-94762", "Lung function", setting=""),
    free("EYE-EXAM", "92002 92004 92012 92014 92081-92083 92132-92134 92250", "Eye examination"),
    free("ALLERGY-TEST", "95004 95017 95018 95024 95027 95115 95117 95165", "Allergy test and treatment"),
    free("NERVE-TEST", "95860-95864 95885-95887 95907-95913", "Nerve and muscle test"),
    free("INFUSION-GIVING", "96360 96361 96365-96368 96372 96374-96377 96379", "Giving a drug", setting=""),
    free("CHEMOTHERAPY-GIVING", "96401 96402 96405 96406 96409 96411 96413 96415-96417 96420 96422 96423 96425 96440 96446 96450 96542 96549", "Giving a cancer drug", setting=""),
    free("DIALYSIS", "90935 90937 90940 90945 90947 90951-90970 90989 90993 90997 90999", "Dialysis", setting=""),
)

SURGERY: Final = (
    needed("SURGERY-INPATIENT", "10004-69990", "Surgery with a stay", setting=IN, each=False),
    needed("SURGERY", "44120 44140 47562", "Bowel and gallbladder surgery with a stay", setting=IN, wants="OPERATIVE_PLAN|CLINICAL_NOTES"),
    needed("SURGERY-BOWEL-OUT", "44005-44238", "Bowel surgery without a stay", each=False),
    free("SKIN-MINOR", "10004-11047", "Small procedures on skin and nails", each=False),
    free("SKIN-BIOPSY", "11102-11107", "Biopsy of the skin"),
    free("SKIN-REMOVAL", "11200 11201 11300-11303 11305-11308 11310-11313", "Removal of skin growths"),
    free("SKIN-EXCISION", "11400-11404 11406 11420-11424 11426 11440-11444 11446 11600-11604 11606 11620-11624 11626 11640-11644 11646", "Excision of skin growths"),
    free("SKIN-REPAIR", "12001-13160", "Repair of wounds", each=False),
    needed("SKIN-FLAP", "15730 15733-15736 15738 15740 15750 15756-15758", "Flap surgery", wants="PHOTOGRAPHS"),
    needed("SKIN-SUBSTITUTE", "15271-15278", "Skin substitute", wants="TREATMENT_HISTORY|PHOTOGRAPHS", units="2"),
    needed("BLEPHAROPLASTY", "15820-15823 67900-67904 67906 67908", "Eyelid surgery", wants="VISUAL_FIELD_TEST|PHOTOGRAPHS"),
    needed("PANNICULECTOMY", "15830 15832-15839 15847 15876-15879", "Removal of excess skin and fat", wants="PHOTOGRAPHS|WEIGHT_HISTORY"),
    needed("BREAST-REDUCTION", "19318 19316 19300", "Breast reduction and lift", wants="PHOTOGRAPHS|CLINICAL_NOTES"),
    free("BREAST-BIOPSY", "19081-19086 19100 19101 19120 19125", "Breast biopsy and lump removal"),
    free("BREAST-RECONSTRUCTION", "19340 19342 19350 19355 19357 19361 19364 19367-19371 19380", "Breast reconstruction after cancer"),
    free("BREAST-RECONSTRUCTION-VOLUNTARY", "19340 19342 19357 19361 19364", "Breast reconstruction after cancer", plans="OAP|PPO", guidance="predetermination", voluntary=True),
    needed("ORTHOGNATHIC", "21120-21123 21125 21127 21137-21139 21141-21143 21145-21147 21150 21151 21154 21155 21159 21160 21188 21193-21196 21198 21199 21206 21208-21210 21215 21230 21235 21240 21242-21249", "Jaw surgery", setting="", wants="IMAGING_REPORT|PHOTOGRAPHS"),
    free("FRACTURE-CARE", "25500-25695 26600-26785 27750-27848", "Care of broken bones", each=False),
    free("CARPAL-TUNNEL", "64721 29848", "Carpal tunnel release"),
    needed("FOOT-SURGERY", "28285 28289 28291 28292 28295-28299 28306-28310 28730 28735 28740 28750", "Foot surgery", wants="IMAGING_REPORT|TREATMENT_HISTORY"),
    needed("RHINOPLASTY", "30400 30410 30420 30430 30435 30450 30460 30462 30465 30468 30520", "Nose surgery", wants="PHOTOGRAPHS|TREATMENT_HISTORY"),
    needed("SINUS-ENDOSCOPY", "31233 31235 31237-31241 31253-31257 31259 31267 31276 31287 31288 31290-31298", "Sinus surgery", wants="IMAGING_REPORT|TREATMENT_HISTORY"),
    free("SINUS-LOOK", "31231 31575 31579", "Looking into nose and throat"),
    free("BRONCHOSCOPY", "31622-31635 31640 31641 31643 31645 31646 31652-31654", "Bronchoscopy"),
    needed("HEART-RHYTHM", "33206-33208 33212-33214 33221 33224 33225 33227-33231 33240 33249 33262-33264 33270 33274 33340", "Pacemaker and similar devices", wants="CLINICAL_NOTES|IMAGING_REPORT"),
    needed("HEART-ABLATION", "93653-93657", "Ablation in the heart", wants="CLINICAL_NOTES"),
    needed("VARICOSE-VEINS", "36465 36466 36470 36471 36473-36476 36478 36479 36482 36483 37700 37718 37722 37735 37760 37761 37765 37766 37780 37785", "Treatment of varicose veins", wants="IMAGING_REPORT|TREATMENT_HISTORY|PHOTOGRAPHS", units="1"),
    free("VENOUS-PORT", "36555-36558 36560 36561 36563 36565 36566 36568-36573 36575 36576 36578 36580-36585 36589 36590 36592 36593 36597 36598", "Venous access"),
    needed("VASCULAR-STENT", "37220-37235 37236-37239 37241-37244", "Opening and closing vessels", wants="IMAGING_REPORT"),
    free("TONSILS", "42820 42821 42825 42826 42830 42831 42835 42836", "Tonsils and adenoids"),
    needed("THROAT-SLEEP", "42140 42145 21685 41512 41530 64582-64584", "Throat surgery for sleep apnea", wants="SLEEP_STUDY|TREATMENT_HISTORY"),
    free("UPPER-ENDOSCOPY", "43200 43202 43235-43239 43241-43251 43254 43255 43259", "Endoscopy from above"),
    needed("ENDOSCOPY-REFLUX", "43210 43257 43284 43285 43280-43282", "Surgery for reflux", wants="TREATMENT_HISTORY"),
    free("BILE-ENDOSCOPY", "43260-43265 43273-43278", "Endoscopy of the bile ducts"),
    needed("CAPSULE-ENDOSCOPY", "91110 91111 91113", "Capsule endoscopy", units="1"),
    needed("BARIATRIC", "43644 43645 43770-43775 43842 43843 43845-43848 43886-43888", "Weight loss surgery", setting="", wants="WEIGHT_HISTORY|CLINICAL_NOTES"),
    free("COLONOSCOPY", "45330-45342 45346 45347 45349 45350 45378-45382 45384-45386 45388-45393 45398", "Colonoscopy"),
    free("HEMORRHOIDS", "46083 46220 46221 46250 46255 46257 46258 46260-46262 46320 46930 46945-46948", "Hemorrhoids"),
    free("GALLBLADDER", "47562-47564", "Gallbladder surgery without a stay"),
    free("APPENDIX", "44950 44960 44970", "Appendix surgery without a stay"),
    free("HERNIA", "49491 49492 49495 49496 49500 49501 49505 49507 49520 49521 49525 49540 49550 49553 49555 49557 49591-49596 49613-49618 49621-49623 49650 49651", "Hernia repair"),
    free("LITHOTRIPSY", "50590 52352 52353 52356", "Kidney stones"),
    free("CYSTOSCOPY", "52000 52001 52005 52007 52010 52204 52214 52224 52234 52235 52240 52281 52287 52310 52315 52332", "Looking into the bladder"),
    needed("PROSTATE", "52441 52442 52647-52649 53850 53852 53854 55866 55873 55874 55880", "Prostate treatment", wants="CLINICAL_NOTES"),
    free("CIRCUMCISION", "54150 54160 54161", "Circumcision", setting=""),
    needed("INCONTINENCE", "57288 57287 64561 64581 64590 64595 53440 53445", "Surgery for incontinence", wants="TREATMENT_HISTORY"),
    needed("HYSTERECTOMY", "58150 58152 58180 58260 58262 58263 58267 58270 58275 58280 58290-58292 58294", "Removal of the womb, open", wants="CLINICAL_NOTES|IMAGING_REPORT"),
    needed("HYSTERECTOMY-SCOPE", "58541-58544 58550 58552-58554 58570-58573 58575", "Removal of the womb by scope", wants="CLINICAL_NOTES|IMAGING_REPORT"),
    free("HYSTEROSCOPY", "58555 58558-58563", "Looking into the womb"),
    free("STERILIZATION", "58600 58605 58611 58615 58661 58670 58671 55250", "Sterilization", setting=""),
    needed("FERTILITY", "58321-58323 58970 58974 58976 89250 89251 89253-89255 89257-89261 89268 89272 89280 89281 89290 89291", "Fertility treatment", setting="", wants="TREATMENT_HISTORY"),
    free("DELIVERY", "59400 59409 59410 59412 59414 59425 59426 59430 59510 59514 59515 59525 59610 59612 59614 59618 59620 59622", "Prenatal care and birth", setting=""),
    needed("VAGUS-STIMULATOR", "64568-64570 61885 61886", "Nerve stimulator", wants="TREATMENT_HISTORY"),
    needed("BOTULINUM-GIVING", "64612 64615-64617 64642-64647", "Injections of botulinum", wants="MEDICATION_HISTORY", units="4"),
    free("CATARACT", "66821 66982-66984", "Cataract surgery"),
    free("GLAUCOMA", "65855 66170 66172 66174 66175 66179 66180 66183 66761", "Glaucoma surgery"),
    free("RETINA", "67028 67036 67039-67043 67105 67107 67108 67110 67113 67145 67210 67228", "Surgery of the retina"),
    free("STRABISMUS", "67311 67312 67314 67316 67318", "Surgery for squint"),
    free("STRABISMUS-VOLUNTARY", "67311 67312 67314 67316 67318", "Surgery for squint", plans="OAP|PPO", guidance="predetermination", voluntary=True),
    free("EAR-TUBES", "69433 69436 69424 69620 69631", "Ear drum"),
    needed("COCHLEAR-IMPLANT", "69930 69710 69714 69716 69717 69719 69729 69730", "Implants for hearing", setting="", wants="CLINICAL_NOTES"),
    needed("TRANSPLANT-LIVER", "47133 47135 47140-47147", "Liver transplant", setting="", wants="TRANSPLANT_EVALUATION", types=""),
    needed("TRANSPLANT-KIDNEY", "50300 50320 50323 50325 50327-50329 50340 50360 50365 50370 50380", "Kidney transplant", setting="", wants="TRANSPLANT_EVALUATION"),
    needed("TRANSPLANT-HEART", "33927-33930 33933 33935 33940 33944 33945", "Heart transplant", setting="", wants="TRANSPLANT_EVALUATION"),
    needed("TRANSPLANT-LUNG", "32850-32856", "Lung transplant", setting="", wants="TRANSPLANT_EVALUATION"),
    needed("TRANSPLANT-CELLS", "38204-38215 38230 38232 38240-38243", "Cell transplant", setting="", wants="TRANSPLANT_EVALUATION"),
    needed("EMERGING-TECHNOLOGY", "0042T-0999T", "New technology", setting="", wants="CLINICAL_NOTES", each=False),
    free("QUALITY-REPORT", "0001F-9007F", "Codes for quality reports, which nothing is paid for", **NO_APPROVAL),
    needed("HYPERBARIC", "99183", "Hyperbaric oxygen", wants="TREATMENT_HISTORY"),
)

MUSCULOSKELETAL: Final = tuple(
    sent_on(MSK, f"MSK-{name}", codes, label, setting="")
    for name, codes, label in (
        ("SPINE-FUSION-CERVICAL", "22548 22551 22552 22554 22590 22595 22600", "Fusion of the neck"),
        ("SPINE-FUSION-LUMBAR", "22556 22558 22585 22586 22610 22612 22614 22630 22632-22634 22800 22802 22804 22808 22810 22812", "Fusion of the back"),
        ("SPINE-INSTRUMENTATION", "22840-22849 22850 22852-22862 22864 22865 22867-22870", "Hardware of the spine"),
        ("SPINE-DECOMPRESSION", "63001 63003 63005 63011 63012 63015-63017 63020 63030 63035 63040 63042-63048 63050-63053 63055-63057 63064 63066 63075-63078 63081 63082 63085-63088 63090 63091 63101-63103", "Decompression of the spine"),
        ("SPINE-BONE-CEMENT", "22510-22515", "Cement for broken vertebrae"),
        ("SHOULDER-REPLACEMENT", "23470 23472-23474", "Shoulder replacement"),
        ("SHOULDER-REPAIR", "23120 23130 23410 23412 23415 23420 23430 23440 23450 23455 23460 23462 23465 23466", "Open shoulder surgery"),
        ("HIP-REPLACEMENT", "27120 27122 27125 27130 27132 27134 27137 27138", "Hip replacement"),
        ("KNEE-REPLACEMENT", "27437 27438 27440-27443 27445-27447 27486-27488", "Knee replacement"),
        ("KNEE-REPAIR", "27332 27333 27403 27405 27407 27409 27412 27415 27416 27418 27420 27422 27424 27425 27427-27429", "Open knee surgery"),
        ("SHOULDER-SCOPE", "29805-29807 29819-29828", "Shoulder by scope"),
        ("HIP-SCOPE", "29860-29863 29914-29916", "Hip by scope"),
        ("KNEE-SCOPE", "29866-29871 29873-29877 29879-29889", "Knee by scope"),
        ("PAIN-EPIDURAL", "62320-62327 62281 62282", "Epidural injection"),
        ("PAIN-TRANSFORAMINAL", "64479 64480 64483 64484", "Injection beside a nerve root"),
        ("PAIN-FACET", "64490-64495", "Injection into a spinal joint"),
        ("PAIN-ABLATION", "64633-64636 64624 64625 64628 64629", "Ablation of pain nerves"),
        ("PAIN-STIMULATOR", "63650 63655 63661-63664 63685 63688", "Spinal cord stimulator"),
        ("PAIN-PUMP", "62350 62351 62355 62360-62362 62365", "Pain pump"),
        ("PAIN-SACROILIAC", "27096 27278 27279 64451", "Sacroiliac joint"),
        ("PAIN-SYMPATHETIC", "64510 64517 64520 64530", "Block of a nerve plexus"),
    )
)

IMAGING: Final = (
    *(
        sent_on(RAD, f"RAD-{name}", codes, label)
        for name, codes, label in (
            ("CT-HEAD", "70450 70460 70470 70480-70482 70486-70488 70490-70492 70496 70498", "CT of the head and neck"),
            ("MR-HEAD", "70336 70540 70542-70549 70551-70555 70557-70559", "MR of the head and neck"),
            ("CT-CHEST", "71250 71260 71270 71271 71275", "CT of the chest"),
            ("MR-CHEST", "71550-71552 71555", "MR of the chest"),
            ("CT-SPINE", "72125-72133", "CT of the spine"),
            ("MR-SPINE", "72141 72142 72146-72149 72156-72159", "MR of the spine"),
            ("PELVIS", "72191-72198", "CT and MR of the pelvis"),
            ("CT-ARM", "73200-73202 73206", "CT of the arm"),
            ("MR-ARM", "73218-73223 73225", "MR of the arm"),
            ("CT-LEG", "73700-73702 73706", "CT of the leg"),
            ("MR-LEG", "73718-73723 73725", "MR of the leg"),
            ("CT-ABDOMEN", "74150 74160 74170 74174-74178 74261-74263", "CT of the abdomen"),
            ("MR-ABDOMEN", "74181-74183 74185 74712 74713", "MR of the abdomen"),
            ("HEART-MR", "75557 75559 75561 75563 75565", "MR of the heart"),
            ("HEART-CT", "75571-75574 75580 75635", "CT of the heart"),
            ("CT-OTHER", "76380 77011-77014 77078", "Other CT"),
            ("MR-OTHER", "76390 76391 77021 77022 77084", "Other MR"),
            ("MR-BREAST", "77046-77049", "MR of the breast"),
            ("NUCLEAR", "78012-78016 78018 78070-78072 78102-78104 78201 78202 78215 78216 78226 78227 78264-78266 78278 78300 78305 78306 78315 78579 78580 78582 78597 78598 78600 78601 78605 78606 78608 78610 78630 78707-78709 78800-78804 78830-78832", "Nuclear imaging"),
            ("NUCLEAR-HEART", "78429-78434 78451-78454 78459 78466 78468 78469 78472 78473 78481 78483 78491 78492 78494", "Nuclear imaging of the heart"),
            ("PET", "78811-78816", "PET"),
            ("ECHO", "93303 93304 93306-93308 93312-93318 93350-93352", "Ultrasound of the heart"),
            ("HEART-CATHETER", "93451-93461 93593-93598", "Heart catheter"),
        )
    ),
    free("RAD-INPATIENT", "70010-79999", "Imaging during a stay", setting=IN, each=False),
    free("RAD-XRAY-HEAD", "70030 70100 70110 70140 70150 70160 70200 70210 70220 70250 70260 70328 70330 70355 70360", "X-ray of the head"),
    free("RAD-XRAY-CHEST", "71045-71048 71100 71101 71110 71111 71120 71130", "X-ray of the chest"),
    free("RAD-XRAY-SPINE", "72020 72040 72050 72052 72070 72072 72074 72080-72084 72100 72110 72114 72120 72170 72190", "X-ray of the spine"),
    free("RAD-XRAY-ARM", "73000 73010 73020 73030 73050 73060 73070 73080 73090 73092 73100 73110 73120 73130 73140", "X-ray of the arm"),
    free("RAD-XRAY-LEG", "73501-73503 73521-73523 73551 73552 73560 73562 73564 73565 73590 73592 73600 73610 73620 73630 73650 73660", "X-ray of the leg"),
    free("RAD-XRAY-ABDOMEN", "74018 74019 74021 74022 74210 74220 74221 74230 74240 74246 74250 74270 74280", "X-ray of the abdomen"),
    free("RAD-ULTRASOUND", "76506 76510-76514 76516 76519 76529 76536 76604 76641 76642 76700 76705 76706 76770 76775 76776 76830 76831 76856 76857 76870 76872 76881-76883 76885 76886", "Ultrasound"),
    free("RAD-OBSTETRIC-ULTRASOUND", "76801 76802 76805 76810-76821 76825-76828", "Ultrasound of the unborn"),
    free("RAD-VESSEL-ULTRASOUND", "93880 93882 93886 93888 93922-93926 93930 93931 93970 93971 93975 93976 93978 93979 93985 93986 93990", "Ultrasound of vessels"),
    free("RAD-GUIDANCE", "76937 76942 77001-77003", "Guidance by images"),
    free("RAD-MAMMOGRAM", "77063 77065-77067", "Mammogram"),
    free("RAD-BONE-DENSITY", "77080 77081 77085 77086", "Bone density"),
)

RADIATION: Final = (
    sent_on(RT, "RT-PLANNING", "77261-77263 77280 77285 77290 77293 77295 77299-77301 77306 77307 77316-77318 77321 77331-77334 77336 77338 77370", "Planning of radiation"),
    sent_on(RT, "RT-DELIVERY", "77371-77373 77385-77387 77399 77401 77402 77407 77412 77417 77423-77425", "Delivery of radiation"),
    sent_on(RT, "RT-MANAGEMENT", "77427 77431 77432 77435 77469 77470 77499", "Management of radiation"),
    sent_on(RT, "RT-PROTON", "77520 77522 77523 77525", "Protons"),
    sent_on(RT, "RT-HEAT", "77600 77605 77610 77615 77620", "Heat with radiation"),
    sent_on(RT, "RT-BRACHYTHERAPY", "77750 77761-77763 77767 77768 77770-77772 77778 77789 77790 77799", "Radiation from within"),
    sent_on(RT, "RT-NUCLEAR", "79005 79101 79200 79300 79403 79440 79445 79999", "Treatment with radioactive drugs"),
    hcpcs(sent_on(RT, "RT-GUIDANCE", "G6001-G6017 G0339 G0340", "Radiation, by codes of the public plans")),
)

LABORATORY: Final = (
    free("LAB-ROUTINE", "80047-89240", "Laboratory", guidance="national_laboratory", **NO_APPROVAL),
    free("LAB-PANEL", "80047 80048 80050 80051 80053 80055 80061 80069 80074 80076 80081", "Panels", setting="", guidance="national_laboratory"),
    needed("LAB-MOLECULAR", "81105-81112 81120 81121 81161-81168 81170-81178 81190 81191-81194 81200-81210 81212 81215-81219 81220-81229 81231-81235 81238 81240-81258 81260-81266 81269-81276 81283-81288 81290-81302 81304-81319 81321-81333 81335 81340-81355 81361-81364 81370-81383 81400-81408 81410-81443 81445 81448-81450 81455 81460 81465 81470 81471 81479", "Genetic test", setting="", wants="GENETIC_COUNSELING|CLINICAL_NOTES"),
    sent_on("LABCORP", "LAB-PROPRIETARY", "0001U-0050U", "Proprietary test"),
    sent_on("LABCORP", "LAB-PROPRIETARY-NEW", "0051U-0599U", "Proprietary test", each=False),
    sent_on("QUEST", "LAB-ALGORITHM", "81490 81493 81500 81503 81504 81506-81512 81514 81518-81523 81525 81528 81529 81535 81536 81538-81542 81546 81551-81554 81560 81595 81596 81599", "Test judged by an algorithm"),
    free("LAB-PATHOLOGY", "88104 88106 88108 88112 88141-88143 88150 88160 88164 88172-88175 88300 88302 88304 88305 88307 88309 88311-88314 88341 88342 88344 88360 88361", "Pathology", setting="", guidance="national_laboratory"),
    hcpcs(free("LAB-COVID", "U0001-U0005", "Laboratory during the pandemic", until="2025-12-31", **NO_APPROVAL)),
    hcpcs(free("LAB-DRUG-SCREEN", "G0480-G0483 G0659", "Drug screen", guidance="national_laboratory")),
    hcpcs(free("LAB-COLLECT", "P9604 P9612 G0471 Q0091", "Taking samples", setting="")),
)

SLEEP_AND_THERAPIES: Final = (
    needed("SLEEP-LAB", "95807 95808 95810 95811 95782 95783", "Sleep study in a laboratory", plans="HMO|EPO|IFP", wants="SLEEP_STUDY", units="1"),
    free("SLEEP-LAB-OPEN", "95807 95808 95810 95811 95782 95783", "Sleep study in a laboratory", plans="OAP|PPO"),
    free("SLEEP-HOME", "95800 95801 95805 95806", "Sleep study at home"),
    hcpcs(free("SLEEP-HOME-KIT", "G0398-G0400", "Sleep study at home")),
    free("THERAPY-PHYSICAL", "97010-97546", "Physical therapy", each=False),
    free("THERAPY-EVALUATION", "97161-97168 97169-97172", "Evaluation by a therapist"),
    needed("THERAPY-PHYSICAL-PUBLIC", "97032 97035 97110 97112 97113 97116 97140 97150 97530 97535 97542", "Physical and occupational therapy", lines="PUBLIC", wants="THERAPY_PLAN", units="12"),
    needed("THERAPY-SPEECH", "92507 92508 92521-92524 92526", "Speech therapy", plans="HMO|IFP", wants="THERAPY_PLAN", units="10"),
    free("THERAPY-SPEECH-OPEN", "92507 92508 92521-92524 92526", "Speech therapy", plans="OAP|PPO|EPO"),
    needed("THERAPY-COGNITIVE", "97129 97130", "Cognitive training", wants="THERAPY_PLAN"),
    needed("THERAPY-WOUND", "97605-97608 97610", "Wound therapy with suction", wants="PHOTOGRAPHS|TREATMENT_HISTORY", units="8"),
    free("ACUPUNCTURE", "97810 97811 97813 97814", "Acupuncture"),
    free("CHIROPRACTIC", "98940-98943", "Chiropractic"),
    free("HEART-REHABILITATION", "93797 93798", "Heart rehabilitation"),
    hcpcs(free("LUNG-REHABILITATION", "G0237-G0239 G0422 G0423", "Lung and heart rehabilitation")),
    free("HEARING-TEST", "92550-92553 92555-92557 92567 92568 92570 92579 92582 92583 92585-92588 92650-92653", "Hearing test", guidance="national_hearing"),
)

HOME_HEALTH: Final = (
    free("HOME-VISIT", "99500-99507 99509-99512 99600-99602", "Care at home", guidance="home_health"),
    *(
        hcpcs(free(name, codes, label, guidance="home_health"))
        for name, codes, label in (
            ("HOME-NURSING", "G0151-G0153 G0155-G0162", "Care at home"),
            ("HOME-NURSING-RN", "G0299 G0300 G0493-G0496", "Nursing at home"),
            ("HOME-HOURLY", "S9122-S9124 S9127-S9131", "Care at home by the hour"),
            ("HOME-INFUSION", "S9325-S9328 S9330 S9331 S9336 S9338-S9340 S9341-S9343 S9345-S9349 S9351 S9353 S9355 S9357 S9359 S9361 S9363-S9368 S9370 S9372-S9377 S9379 S9490 S9494 S9497 S9500-S9504", "Infusion at home"),
        )
    ),
)

EQUIPMENT: Final = (
    *(
        hcpcs(sent_on(DME, f"DME-{name}", codes, label, places="HOME"))
        for name, codes, label in (
            ("BEDS", "E0250 E0251 E0255 E0256 E0260 E0261 E0265 E0266 E0270 E0277 E0290-E0297 E0300-E0304 E0328 E0329 E0371-E0373", "Hospital bed and surface"),
            ("OXYGEN", "E0424 E0425 E0430 E0431 E0433-E0435 E0439-E0444 E0445 E0446 E1390-E1392 K0738", "Oxygen"),
            ("VENTILATION", "E0457 E0459 E0462 E0465-E0467 E0470-E0472 E0480-E0487", "Ventilation"),
            ("AIRWAY-PRESSURE", "E0601 E0561 E0562 A7027-A7039 A7044-A7046", "Airway pressure for sleep apnea"),
            ("LIFTS", "E0621 E0625 E0627 E0629 E0630 E0635-E0642", "Lifts and standing frames"),
            ("COMPRESSION", "E0650-E0652 E0655-E0657 E0660 E0665-E0673 E0675 E0676", "Compression pumps"),
            ("STIMULATORS", "E0720 E0730 E0731 E0740 E0744 E0745 E0747-E0749 E0760 E0762 E0764 E0766 E0769 E0770", "Stimulators"),
            ("INFUSION-PUMP", "E0776 E0779-E0781 E0783-E0786 E0791 K0455", "Infusion pumps"),
            ("GLUCOSE-MONITOR", "E2102 E2103 A4238 A4239", "Glucose monitor worn on the body"),
            ("WHEELCHAIR-PARTS", "E0950-E0952 E0955-E0961 E0966 E0967 E0969-E0971 E0973 E0974 E0978 E0980-E0986 E0988 E0990 E0992 E0994 E0995 E1002-E1012 E1014-E1018 E1020 E1028-E1031", "Parts of wheelchairs"),
            ("WHEELCHAIRS", "E1035-E1039 E1050 E1060 E1070 E1083-E1090 E1092 E1093 E1100 E1110 E1130 E1140 E1150 E1160 E1161 E1170-E1172 E1180 E1190 E1195 E1200 E1220-E1240 E1250 E1260 E1270 E1280 E1285 E1290 E1295-E1298", "Wheelchairs"),
            ("WHEELCHAIR-BASES", "K0001-K0010 K0012-K0014 K0800-K0802 K0806-K0808 K0812-K0816 K0820-K0831 K0835-K0843 K0848-K0864 K0868-K0871 K0877-K0880 K0884-K0886 K0890 K0891 K0898 K0899", "Wheelchair bases and scooters"),
            ("SPEECH-DEVICES", "E2500 E2502 E2504 E2506 E2508 E2510-E2513 E2599", "Speech devices"),
            ("WHEELCHAIR-CUSHIONS", "E2601-E2617 E2619-E2625", "Wheelchair cushions"),
            ("SUCTION-WOUND", "E2402 A6550 A7000", "Wound suction at home"),
        )
    ),
    *(
        hcpcs(free(f"DME-{name}", codes, label))
        for name, codes, label in (
            ("WALKING-AIDS", "E0100 E0105 E0110-E0114 E0116-E0118 E0130 E0135 E0140 E0141 E0143 E0144 E0147-E0149 E0153-E0159", "Walking aids"),
            ("BATHROOM", "E0160-E0163 E0165 E0167 E0168 E0175 E0240-E0248", "Bath and toilet aids"),
            ("NEBULIZER", "E0570 E0572 E0574 E0575 E0580 E0585", "Nebulizer"),
            ("BREAST-PUMP", "E0602-E0604", "Breast pump"),
            ("BLOOD-PRESSURE", "A4660 A4663 A4670 E0607", "Blood pressure and sugar meters"),
            ("DIABETES-SUPPLIES", "A4230-A4233 A4250 A4253 A4255-A4259", "Supplies for diabetes"),
            ("WOUND-SUPPLIES", "A6010 A6011 A6021-A6024 A6154 A6196-A6199 A6203-A6224 A6231-A6248 A6251-A6266 A6402-A6404", "Dressings"),
            ("OSTOMY", "A4361-A4364 A4366-A4369 A4371-A4373 A4375-A4385 A4387-A4399 A4400 A4402 A4404-A4437", "Ostomy supplies"),
            ("CATHETERS", "A4310-A4316 A4320-A4322 A4326-A4328 A4330-A4332 A4338 A4340 A4344 A4346 A4349 A4351-A4358", "Catheters"),
        )
    ),
)

PROSTHETICS: Final = (
    hcpcs(needed("PROSTHETIC-KNEE", "L5611 L5613 L5614 L5616 L5710-L5712 L5714 L5716 L5718 L5722 L5724 L5726 L5728 L5780 L5810-L5812 L5814 L5816 L5818 L5822 L5824 L5826 L5828 L5830 L5840 L5845 L5848 L5850 L5856-L5859", "Artificial knee", wants="PRESCRIPTION|CLINICAL_NOTES")),
    hcpcs(needed("PROSTHETIC-FOOT", "L5961 L5968 L5969 L5973 L5976 L5979-L5982 L5984-L5987", "Artificial foot", wants="PRESCRIPTION|CLINICAL_NOTES")),
    hcpcs(needed("PROSTHETIC-ARM", "L6611 L6621 L6624 L6628 L6638 L6646-L6648 L6677 L6686-L6698 L6703 L6704 L6706-L6709 L6711-L6715 L6721 L6722 L6880-L6882 L6884 L6885 L6895 L6900 L6905 L6910 L6915 L6920 L6925 L6930 L6935 L6940 L6945 L6950 L6955 L6960 L6965 L6970 L6975 L7007-L7009", "Artificial arm", wants="PRESCRIPTION|CLINICAL_NOTES")),
    hcpcs(free("ORTHOTIC-SPINE", "L0450-L0651", "Orthosis of the spine", each=False)),
    hcpcs(free("ORTHOTIC-LEG", "L1810-L1860 L1900-L1990", "Orthosis of the leg", each=False)),
    hcpcs(free("ORTHOTIC-FOOT", "L3000-L3649", "Inserts and shoes", each=False)),
    hcpcs(free("ORTHOTIC-ARM", "L3650-L3999", "Orthosis of the arm", each=False)),
)

HEARING: Final = (
    hcpcs(sent_on("AMPLIFON", "HEARING-AIDS", "V5030 V5040 V5050 V5060 V5070 V5080 V5100 V5120 V5130 V5140 V5150 V5160 V5170 V5171 V5172 V5180 V5181 V5190 V5200 V5210-V5215 V5220 V5221 V5230 V5240-V5267 V5270-V5275 V5281-V5291 V5298", "Hearing aids")),
    hcpcs(free("HEARING-FITTING", "V5008 V5010 V5011 V5014 V5020", "Hearing check", guidance="national_hearing")),
)

DRUGS: Final = (
    hcpcs(sent_on(ONC, "DRUG-ONCOLOGY", "J9000 J9015 J9017 J9019-J9027 J9029-J9037 J9039-J9052 J9055-J9065 J9070-J9075 J9098 J9100 J9118-J9120 J9130 J9144 J9145 J9150 J9151 J9153 J9155 J9160 J9165 J9171 J9173 J9175-J9179 J9181 J9185 J9190 J9196-J9218 J9223-J9230 J9245-J9247 J9250 J9255 J9258-J9274 J9280 J9281 J9285 J9286 J9293-J9325 J9328-J9334 J9340 J9345-J9361 J9370 J9371 J9376 J9380 J9381 J9390 J9393-J9395 J9400 J9600 J9999", "Cancer drug")),
    hcpcs(sent_on(ONC, "DRUG-ONCOLOGY-BIOSIMILAR", "Q5107 Q5112-Q5119 Q5123 Q5126 Q5129 Q5130", "Cancer drug, biosimilar")),
    hcpcs(sent_on(ONC, "DRUG-ONCOLOGY-CELLS", "Q2041-Q2043 Q2050 Q2053-Q2057", "Cancer cell therapy", setting="")),
    hcpcs(sent_on(ONC, "DRUG-ONCOLOGY-SUPPORT", "J1442 J1447 J1448 J1449 J1453 J1454 J1456 J1627 J2505 J2506 J2820 Q5101 Q5108 Q5110 Q5111 Q5120 Q5122 Q5125 Q5127", "Support with cancer drugs")),
    *(
        hcpcs(needed(f"DRUG-{name}", codes, label, wants="MEDICATION_HISTORY|LABORATORY_RESULTS", units=units, types=types))
        for name, codes, label, units, types in (
            ("ABATACEPT", "J0129", "Drug for rheumatism", "", ""),
            ("EYE", "J0177-J0179 J2503 J2777-J2779 J2781 J7311-J7314 Q5124 Q5128", "Drug for the eye", "2", ""),
            ("ENZYME", "J0180 J0217-J0221 J0567 J1203 J1322 J1458 J1743 J1786 J1931 J2508 J2840 J3060 J3385 J3397", "Enzyme replacement", "", ""),
            ("COMPLEMENT", "J1299 J1300 J1303 J0223-J0225 J1301 J1302", "Drug for rare diseases", "", ""),
            ("LUPUS", "J0490 J0491", "Drug for lupus", "", ""),
            ("ASTHMA", "J0517 J2182 J2357 J2356 J2786", "Drug for asthma", "", ""),
            ("BONE", "J0897 J3111 J1740 J3489 Q5136", "Drug for the bones", "2", ""),
            ("RHEUMATISM", "J1602 J3262 J0717 J1745 J1747 J3245 J3247 J3357-J3358 Q5103 Q5104 Q5121 Q5133 Q5135", "Drug for inflammation", "", ""),
            ("BOWEL", "J3380 J2327 J2267", "Drug for the bowel", "", ""),
            ("NERVES", "J2323 J2350 J0202 J2329 J3032 J1304 J0174 J0172 J2326 Q5134", "Drug for the nerves", "", ""),
            ("BOTULINUM", "J0585-J0589", "Botulinum", "4", ""),
            ("IMMUNE-GLOBULIN", "J1459 J1551 J1554-J1559 J1561 J1566 J1568 J1569 J1572 J1575 J1576 J1599", "Immune globulin", "", ""),
            ("CLOTTING", "J7170 J7171 J7175 J7177-J7183 J7185-J7190 J7192-J7195 J7198-J7205 J7207-J7214", "Clotting factors", "", ""),
            ("HORMONES", "J0800 J0801 J1071 J1950 J1951 J2353 J2354 J1930 J3315 J3316", "Hormones", "", ""),
            ("IRON", "J1437 J1439 J1443-J1445", "Iron by infusion", "2", ""),
            ("GENE-THERAPY", "J1411-J1414 J3398 J3399 J3401", "Gene therapy", "", ""),
            ("CHOLESTEROL", "J1305 J1306", "Drug for cholesterol", "", "MEDICAL_PHARMACY"),
            ("UNCLASSIFIED", "J3490 J3590 J7799 J7999 J8999 C9399", "Drug without a code of its own", "", ""),
        )
    ),
    hcpcs(needed("DRUG-HYALURONAN", "J7318 J7320-J7329 J7331 J7332", "Injection into the knee", until="2026-06-30", wants="TREATMENT_HISTORY", units="1")),
    hcpcs(free("DRUG-HYALURONAN-2026", "J7318 J7320-J7329 J7331 J7332", "Injection into the knee", since="2026-07-01")),
    hcpcs(sent_on("PHARMACY-BENEFIT", "DRUG-SELF", "J0135 J0139 J0364 J0593 J0630 J0718 J1324 J1438 J1595 J1628 J1675 J1744 J1815 J1817 J1826 J1830 J2170 J2212 J2440 J3031 J3030 J3110 J3355 Q3027 Q3028 S0145 S0148 J8499 J7500-J7502 J7506 J7507-J7509 J7510 J7512 J7515 J7517 J7518 J7520 J7527", "Drug that patients take by themselves", guidance="pharmacy_benefit")),
    hcpcs(free("DRUG-COMMON", "J0131 J0171 J0280 J0290 J0295 J0330 J0360 J0456 J0461 J0610 J0612 J0640 J0670 J0690 J0692 J0694 J0696-J0698 J0702 J0713 J0720 J0735 J0740 J0743-J0745 J0770 J0780 J0834 J0878 J1020 J1030 J1040 J1100 J1110 J1120 J1160 J1165 J1170 J1200 J1205 J1212 J1240 J1245 J1250 J1260 J1265 J1335 J1364 J1450 J1580 J1610 J1626 J1630 J1631 J1642 J1644 J1645 J1650 J1652 J1720 J1742 J1790 J1800 J1840 J1885 J1940 J1953 J1956 J2001 J2010 J2020 J2060 J2150 J2175 J2185 J2210 J2248 J2250 J2270 J2274 J2300 J2310 J2360 J2370 J2405 J2430 J2469 J2501 J2510 J2540 J2543 J2550 J2560 J2590 J2597 J2675 J2680 J2690 J2700 J2704 J2710 J2720 J2730 J2760 J2765 J2780 J2795 J2800 J2916 J2920 J2930 J3000 J3010 J3070 J3105 J3230 J3243 J3260 J3300 J3301 J3303 J3360 J3370 J3410 J3411 J3415 J3420 J3430 J3465 J3475 J3480 J3485", "Common injection", setting="")),
    hcpcs(free("DRUG-FLUIDS", "J7030 J7040 J7042 J7050 J7060 J7070 J7100 J7120 J7121", "Fluids", setting="")),
)

TRANSPORT: Final = (
    hcpcs(needed("AMBULANCE-AIR", "A0430 A0431 A0435 A0436", "Transport by air", setting="", wants="CLINICAL_NOTES")),
    hcpcs(free("AMBULANCE-GROUND", "A0425-A0429 A0432-A0434", "Transport by road", setting="")),
    hcpcs(free("OBSERVATION", "G0378 G0379", "Observation")),
)

REVENUE: Final = tuple(
    Family(f"REV-{name}", codes, need, setting, label, kind="REVENUE", days=days, each=each, guidance=guidance)
    for name, codes, need, setting, label, days, each, guidance in (
        ("ROOM", "0100-0169", "REQUIRED", IN, "Room and board", "", False, ""),
        ("ROOM-DAY", "0110 0111 0113 0114 0116 0117 0120 0121 0123 0124 0126 0127 0130 0131 0133 0134 0136 0137 0140 0141 0143 0144 0146 0147", "REQUIRED", IN, "Room and board", "", True, ""),
        ("MATERNITY", "0112 0122 0132 0142 0152", "NOT_REQUIRED", IN, "Room after a birth", "", True, ""),
        ("HOSPICE-ROOM", "0115 0125 0135 0145 0155", "REQUIRED", IN, "Hospice room", "5", True, ""),
        ("REHABILITATION", "0118 0128 0138 0148 0158", "REQUIRED", IN, "Rehabilitation room", "", True, ""),
        ("NURSERY", "0170-0174", "NOT_REQUIRED", IN, "Nursery", "", True, ""),
        ("SUBACUTE", "0190-0194 0199", "REQUIRED", IN, "Subacute care", "", True, ""),
        ("INTENSIVE", "0200-0204 0206-0214 0219", "REQUIRED", IN, "Intensive care", "", True, ""),
        ("EMERGENCY", "0450-0452 0456 0459", "NOT_REQUIRED", "", "Emergency room", "", True, ""),
        ("HOME-HEALTH", "0550-0552 0559-0562 0569-0572 0579-0583 0589", "NOT_REQUIRED", OUT, "Care at home", "", True, "home_health"),
        ("HOSPICE", "0650-0652 0655-0659", "REQUIRED", "", "Hospice", "", True, ""),
        ("OBSERVATION", "0760-0762 0769", "NOT_REQUIRED", OUT, "Observation", "", True, ""),
        ("PARTIAL", "0912 0913", "REQUIRED", OUT, "Day hospital", "", True, ""),
    )
)

GROUPS: Final = tuple(
    Family(f"DRG-{name}", codes, need, IN, label, kind="DRG", days=days, each=each)
    for name, codes, need, label, days, each in (
        ("TRANSPLANT", "001-019", "REQUIRED", "Transplant and the like", "", True),
        ("BRAIN", "020-042", "REQUIRED", "Brain surgery", "", True),
        ("STROKE", "061-072", "REQUIRED", "Stroke", "5", True),
        ("LUNG", "163-168 175-182 186-208", "REQUIRED", "Lung", "3", True),
        ("HEART", "215-236 242-274", "REQUIRED", "Heart surgery", "", True),
        ("HEART-CARE", "280-316", "REQUIRED", "Heart, without surgery", "3", True),
        ("BOWEL", "326-358", "REQUIRED", "Bowel surgery", "", True),
        ("DIGESTIVE", "368-395", "REQUIRED", "Digestive, without surgery", "3", True),
        ("LIVER", "405-425 432-446", "REQUIRED", "Liver, pancreas and gallbladder", "", True),
        ("BONES", "474-517 533-566", "REQUIRED", "Bones and joints", "", True),
        ("SKIN-BREAST", "570-607", "REQUIRED", "Skin and breast", "", True),
        ("BARIATRIC", "619-621", "REQUIRED", "Weight loss surgery", "", True),
        ("METABOLIC", "614-618 622-645", "REQUIRED", "Metabolism", "3", True),
        ("KIDNEY", "650-675 682-700", "REQUIRED", "Kidney", "3", True),
        ("PELVIS", "707-730 734-761", "REQUIRED", "Reproductive organs", "", True),
        ("DELIVERY", "768 783-788 796-798 805-807", "NOT_REQUIRED", "Birth", "", True),
        ("NEWBORN", "789-795", "NOT_REQUIRED", "Newborn", "", True),
        ("BLOOD", "799-804 808-816 820-849", "REQUIRED", "Blood and cancer", "", True),
        ("INFECTION", "853-872", "REQUIRED", "Infection", "3", True),
        ("INJURY", "901-929 933-935 955-965", "REQUIRED", "Injury and burns", "3", True),
        ("REHABILITATION", "945 946", "REQUIRED", "Rehabilitation", "", True),
    )
) + (
    Family("DRG-SPINE", "402 426-430 447 448 451-468 471-473 518-520", MSK, IN, "Spine and joint surgery", kind="DRG"),
    Family("DRG-JOINT", "469 470 521 522", MSK, IN, "Joint replacement", kind="DRG"),
)

FAMILIES: Final = (
    *VISITS, *SURGERY, *MUSCULOSKELETAL, *IMAGING, *RADIATION, *LABORATORY, *SLEEP_AND_THERAPIES, *HOME_HEALTH,
    *EQUIPMENT, *PROSTHETICS, *HEARING, *DRUGS, *TRANSPORT, *REVENUE, *GROUPS,
)


def codes_of(family: Family) -> Iterator[tuple[str, str]]:
    """Single codes or ranges; the digits between a range's letters are counted."""
    for part in family.codes.split():
        first, _, last = part.partition("-")
        if not last or not family.each:
            yield first, last or first
            continue
        before, after = ("", first[-1]) if first[-1].isalpha() else (first[0] if first[0].isalpha() else "", "")
        digits = slice(len(before), len(first) - len(after))
        for number in range(int(first[digits]), int(last[digits]) + 1):
            code = f"{before}{number:0{len(first[digits])}d}{after}"
            yield code, code


def rows() -> Iterator[tuple[str, ...]]:
    for family in FAMILIES:
        codes = list(codes_of(family))
        delegate = "" if family.need in ("REQUIRED", "NOT_REQUIRED") else family.need
        for first, last in codes:
            yield (
                family.name if len(codes) == 1 else f"{family.name}-{first}",
                family.kind, first, last, "THIRD_PARTY" if delegate else family.need, delegate,
                family.setting, family.plans, family.since, family.until, family.lines, family.types,
                family.places, family.units, family.days, family.wants, family.label, family.guidance,
                "yes" if family.voluntary else "",
            )


def main() -> None:
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows())


if __name__ == "__main__":
    main()
