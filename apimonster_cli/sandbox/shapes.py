"""The fields that RetailCRM takes in an order, a customer, a payment, a note and a pack, with their types.

Source: docs of POST /api/v5/orders/create, and the models of the PHP client for what has no page.
"""

from apimonster_cli.sandbox.clean import Kind, Shape

TEXT, INTEGER, NUMBER, BOOLEAN = Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN
DATE, DATETIME, TIME, OPEN = Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.OPEN

CONTRAGENT: dict[str, Shape] = {
    "contragentType": ("individual", "legal-entity", "enterpreneur"),  # spelt so
    "legalName": TEXT,
    "legalAddress": TEXT,
    "INN": TEXT,
    "OKPO": TEXT,
    "KPP": TEXT,
    "OGRN": TEXT,
    "OGRNIP": TEXT,
    "certificateNumber": TEXT,
    "certificateDate": DATE,
    "BIK": TEXT,
    "bank": TEXT,
    "bankAddress": TEXT,
    "corrAccount": TEXT,
    "bankAccount": TEXT,
}

ADDRESS: dict[str, Shape] = {
    "index": TEXT,
    "countryIso": TEXT,
    "region": TEXT,
    "regionId": INTEGER,
    "city": TEXT,
    "cityId": INTEGER,
    "cityType": TEXT,
    "street": TEXT,
    "streetId": INTEGER,
    "streetType": TEXT,
    "building": TEXT,
    "flat": TEXT,
    "floor": INTEGER,
    "block": INTEGER,
    "house": TEXT,
    "housing": TEXT,
    "metro": TEXT,
    "notes": TEXT,
    "text": TEXT,
}

EXTERNAL_IDS: list[Shape] = [{"code": TEXT, "value": TEXT}]

ITEM: dict[str, Shape] = {
    "id": INTEGER,
    "markingCodes": [TEXT],
    "externalId": TEXT,
    "externalIds": EXTERNAL_IDS,
    "initialPrice": NUMBER,
    "discountManualAmount": NUMBER,
    "discountManualPercent": NUMBER,
    "vatRate": TEXT,
    "createdAt": DATETIME,
    "quantity": NUMBER,
    "comment": TEXT,
    "purchasePrice": NUMBER,
    "offer": {"id": INTEGER, "externalId": TEXT, "xmlId": TEXT},
    "productName": TEXT,
    "status": TEXT,
    "priceType": {"code": TEXT},
    "properties": [{"code": TEXT, "name": TEXT, "value": TEXT}],
    "ordering": NUMBER,
}

PAYMENT: dict[str, Shape] = {
    "externalId": TEXT,
    "amount": NUMBER,
    "paidAt": DATETIME,
    "comment": TEXT,
    "type": TEXT,
    "status": TEXT,
}

PACKAGE: dict[str, Shape] = {
    "packageId": TEXT,
    "weight": NUMBER,
    "length": INTEGER,
    "width": INTEGER,
    "height": INTEGER,
    "items": [
        {"orderProduct": {"id": INTEGER, "externalId": TEXT, "externalIds": EXTERNAL_IDS}, "quantity": NUMBER},
    ],
}

DELIVERY: dict[str, Shape] = {
    "code": TEXT,
    "data": {
        "externalId": TEXT,
        "trackNumber": TEXT,
        "locked": BOOLEAN,
        "tariff": TEXT,
        "pickuppointId": TEXT,
        "payerType": TEXT,
        "shipmentpointId": TEXT,
        "extraData": OPEN,
        "itemDeclaredValues": [
            {"orderProduct": {"id": INTEGER, "externalId": TEXT, "externalIds": EXTERNAL_IDS}, "value": NUMBER},
        ],
        "packages": [PACKAGE],
    },
    "service": {"name": TEXT, "code": TEXT, "active": BOOLEAN, "deliveryType": TEXT},
    "cost": NUMBER,
    "netCost": NUMBER,
    "date": DATE,
    "time": {"from": TIME, "to": TIME, "custom": TEXT},
    "address": ADDRESS,
    "vatRate": TEXT,
}

BOUND: dict[str, Shape] = {"id": INTEGER, "externalId": TEXT, "browserId": TEXT, "site": TEXT}

ORDER: dict[str, Shape] = {
    "number": TEXT,
    "externalId": TEXT,
    "orderType": TEXT,
    "orderMethod": TEXT,
    "privilegeType": ("none", "personal_discount", "loyalty_level", "loyalty_event"),
    "countryIso": TEXT,
    "createdAt": DATETIME,
    "statusUpdatedAt": DATETIME,
    "discountManualAmount": NUMBER,
    "discountManualPercent": NUMBER,
    "mark": INTEGER,
    "markDatetime": DATETIME,
    "lastName": TEXT,
    "firstName": TEXT,
    "patronymic": TEXT,
    "phone": TEXT,
    "additionalPhone": TEXT,
    "email": TEXT,
    "call": BOOLEAN,
    "expired": BOOLEAN,
    "customerComment": TEXT,
    "managerComment": TEXT,
    "managerId": INTEGER,
    "applyRound": BOOLEAN,
    "isFromCart": BOOLEAN,
    "customer": {**BOUND, "type": ("customer", "customer_corporate"), "nickName": TEXT},
    "contact": BOUND,
    "company": {"id": INTEGER, "externalId": TEXT},
    "contragent": CONTRAGENT,
    "delivery": DELIVERY,
    "source": {"source": TEXT, "medium": TEXT, "campaign": TEXT, "keyword": TEXT, "content": TEXT},
    "status": TEXT,
    "statusComment": TEXT,
    "items": [ITEM],
    "payments": [PAYMENT],
    "weight": NUMBER,
    "length": INTEGER,
    "width": INTEGER,
    "height": INTEGER,
    "shipmentStore": TEXT,
    "shipmentDate": DATE,
    "shipped": BOOLEAN,
    "dialogId": INTEGER,
    "loyaltyEventDiscountId": INTEGER,
    "customFields": OPEN,
}

CUSTOMER: dict[str, Shape] = {
    "externalId": TEXT,
    "type": ("customer", "customer_corporate"),
    "isContact": BOOLEAN,
    "createdAt": DATETIME,
    "vip": BOOLEAN,
    "bad": BOOLEAN,
    "contragent": CONTRAGENT,
    "tags": [{"name": TEXT, "color": TEXT}],
    "personalDiscount": NUMBER,
    "email": TEXT,
    "phones": [{"number": TEXT}],
    "managerId": INTEGER,
    "customFields": OPEN,
    "address": ADDRESS,
    "firstName": TEXT,
    "lastName": TEXT,
    "patronymic": TEXT,
    "nickName": TEXT,
    "birthday": DATE,
    "sex": ("male", "female"),
    "browserId": TEXT,
    "source": {"source": TEXT, "medium": TEXT, "campaign": TEXT, "keyword": TEXT, "content": TEXT},
    "subscribed": BOOLEAN,
}

NOTE: dict[str, Shape] = {"text": TEXT, "managerId": INTEGER, "customer": {"id": INTEGER, "externalId": TEXT}}

PACK: dict[str, Shape] = {
    "itemId": INTEGER,
    "store": TEXT,
    "quantity": NUMBER,
    "purchasePrice": NUMBER,
    "shipmentDate": DATE,
    "invoiceNumber": TEXT,
    "deliveryNoteNumber": TEXT,
}
